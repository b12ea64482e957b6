import { describe, expect, it } from 'vitest'
import type { RunData } from '../run-data.ts'
import { buildRun } from '../testing/build-run.ts'
import { watchWindows } from './watch-windows.ts'

const LOAD = { kind: 'watched', program: 'k6', startUs: 4e6, endUs: 64e6, exitCode: 0 } as const

/** Readings of one a second: sessions on CPU in each. */
function watched(onCpu: readonly number[], databaseCores: number | null): RunData {
  return {
    ...buildRun({ segments: [] }),
    watched: LOAD,
    attached: {
      kind: 'attached',
      atUs: 0,
      target: null,
      onThisMachine: false,
      databaseCores,
      missing: [],
      levers: [],
      ddl: false,
    },
    series: onCpu.map((n, i) => ({
      kind: 'series' as const,
      atUs: (i + 1) * 1e6,
      probe: 'database' as const,
      role: 'database' as const,
      component: 'database',
      values: { sessionsOnCpu: n, sessionsActive: n, sessionsLock: 0 },
    })),
  }
}

const calm = [0.1, 0.2, 0, 0.1]

describe('where a load that somebody else drove is read', () => {
  it('from the first three seconds in a row without a core to spare, for half a minute at most', () => {
    const ramp = [...calm, 0.5, 1, 8, 1, 1, 8, 8.5, 8, ...Array<number>(48).fill(9)]
    const { firstSignSec, firstSign, windows } = watchWindows(watched(ramp, 8), LOAD)
    // The lonely 8 does not last; the next is read at 10 s and tells of the second before.
    expect(firstSignSec).toBe(5)
    expect(firstSign).toContain('no core to spare')
    expect(windows).toEqual([{ fromUs: 9e6, toUs: 39e6 }])
  })

  it('takes a growth against the calm before it for a sign where cores are not known', () => {
    const step = [...calm, ...Array<number>(20).fill(4)]
    expect(watchWindows(watched(step, null), LOAD).firstSign).toContain('more statements at a time')
  })

  it('is the whole load, its first second left out, when nothing shows a sign', () => {
    const idle = Array<number>(60).fill(0.1)
    expect(watchWindows(watched(idle, 8), LOAD)).toMatchObject({
      firstSignSec: null,
      windows: [{ fromUs: 5e6, toUs: 64e6 }],
    })
  })
})
