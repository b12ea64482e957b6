import type { MeterReading, Probe, Reading } from '../ports.ts'

/** CPU of every component the environment runs, from its meter, beside its budget: both in the cores that budgets are in. */
export const cpuProbe: Probe = {
  name: 'cpu',
  intervalMs: 1000,
  async open(endpoints) {
    let befores = new Map<string, MeterReading>()
    return {
      async sample() {
        const now = await endpoints.meter()
        const readings = now.flatMap((reading) => {
          const values = readCpu(reading, befores.get(reading.component))
          const { atUs, role, component } = reading
          return values === null
            ? []
            : ([{ atUs, probe: 'cpu', role, component, values }] satisfies Reading[])
        })
        befores = new Map(now.map((reading) => [reading.component, reading]))
        return readings
      },
      close: async () => {},
    }
  },
}

/** `null` without two readings of the same process: counters that went back belong to one that was restarted. */
function readCpu(now: MeterReading, before: MeterReading | undefined): Record<string, number> | null {
  if (before === undefined || now.atUs <= before.atUs || now.workUs < before.workUs) return null
  const usedCores = (now.workUs - before.workUs) / (now.atUs - before.atUs)
  const values: Record<string, number> = { usedCores }
  const enforcedUs = now.enforcedUs - before.enforcedUs
  if (enforcedUs > 0)
    values['throttledRatio'] = Math.max(0, now.throttledUs - before.throttledUs) / enforcedUs
  if (now.budgetCores !== null && now.budgetCores > 0) {
    values['budgetCores'] = now.budgetCores
    values['busyRatio'] = usedCores / now.budgetCores
  }
  return values
}
