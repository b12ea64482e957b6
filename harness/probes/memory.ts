import type { MeterReading, Probe, Reading } from '../ports.ts'

/** Memory of the components that have a limit, and the processes that the kernel killed at it. */
export const memoryProbe: Probe = {
  name: 'memory',
  intervalMs: 1000,
  async open(endpoints) {
    let kills = new Map<string, number>()
    return {
      async sample() {
        const rows = (await endpoints.meter()).filter(hasMemory)
        const readings = rows.map(
          ({ atUs, role, component, memory }): Reading => ({
            atUs,
            probe: 'memory',
            role,
            component,
            values: {
              limitMb: inMb(memory.limitBytes),
              heldMb: inMb(memory.heldBytes),
              cacheMb: inMb(memory.cacheBytes),
              // None in the first reading: what was killed before it, this load did not kill.
              kills: Math.max(0, memory.kills - (kills.get(component) ?? memory.kills)),
            },
          }),
        )
        kills = new Map(rows.map(({ component, memory }) => [component, memory.kills]))
        return readings
      },
      close: async () => {},
    }
  },
}

type WithMemory = MeterReading & { readonly memory: NonNullable<MeterReading['memory']> }

function hasMemory(reading: MeterReading): reading is WithMemory {
  return reading.memory !== undefined
}

function inMb(bytes: number): number {
  return bytes / 2 ** 20
}
