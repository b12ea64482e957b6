import { describe, expect, it } from 'vitest'
import type { RunData } from '../run-data.ts'
import { buildRun } from '../testing/build-run.ts'
import { type SecondSpec, series } from '../testing/build-segment.ts'
import { saturationSignals } from './saturation.ts'

const CURVE = [
  { atSec: 0, perSec: 5 },
  { atSec: 3, perSec: 5 },
  { atSec: 4, perSec: 60 },
  { atSec: 8, perSec: 60 },
]

function signalsOf(second: (sec: number) => SecondSpec, curve = CURVE, run?: (run: RunData) => RunData) {
  const built = buildRun({
    segments: [
      { purpose: 'warm-up', perSec: 5, durationSec: 3, second: () => ({ poolWaiting: 9, databaseBusy: 1 }) },
      { purpose: 'surge', curve, second },
    ],
  })
  const data = run?.(built) ?? built
  const signals = saturationSignals(data, data.segments[1]!)
  return (name: RegExp) => signals.find((signal) => name.test(signal.name))
}

describe('saturationSignals', () => {
  it('reads each component second by second against what it was before the surge', () => {
    const find = signalsOf((sec) => ({
      poolWaiting: sec < 3 ? sec : 12,
      databaseBusy: sec < 4 ? 0.4 : 1,
      lockQueue: 0.2,
    }))
    expect(find(/waiting for a database connection at app-1/)).toEqual({
      name: 'requests waiting for a database connection at app-1',
      unit: 'count',
      lowest: 1,
      preSurgeMax: 2,
      bySecond: [0, 1, 2, 12, 12, 12, 12, 12],
    })
    expect(find(/CPU of database/)).toMatchObject({
      lowest: 0.95,
      preSurgeMax: 0.4,
      bySecond: [0.4, 0.4, 0.4, 0.4, 1, 1, 1, 1],
    })
    expect(find(/lock/)).toMatchObject({ preSurgeMax: 0.2 })
  })

  it('takes the seconds before the surge where it has no opening at normal load', () => {
    const steep = [
      { atSec: 0, perSec: 60 },
      { atSec: 4, perSec: 60 },
    ]
    expect(signalsOf(() => ({}), steep)(/waiting for a database/)).toMatchObject({ preSurgeMax: 9 })
    // The same where the load never leaves normal: the surge itself is not what was before it.
    const flat = steep.map(({ atSec }) => ({ atSec, perSec: 5 }))
    expect(signalsOf(() => ({ poolWaiting: 30 }), flat)(/waiting for a database/)).toMatchObject({
      preSurgeMax: 9,
    })
  })

  it('leaves generator and host out, and bridges one second without a reading, not two', () => {
    const find = signalsOf(
      () => ({}),
      CURVE,
      (run) => {
        const startUs = run.segments[1]!.line.startUs
        const odd = [1, 3, 4, 7].map((sec) =>
          series(startUs + sec * 1e6, 'app', 'app', 'app-9', { poolWaiting: sec }),
        )
        return {
          ...run,
          series: [...run.series, ...odd, series(startUs, 'cpu', 'generator', 'generator', { busyRatio: 1 })],
        }
      },
    )
    expect(find(/app-9/)?.bySecond).toEqual([1, 1, 3, 4, 4, null, 7, 7])
    expect(find(/generator/)).toBeUndefined()
  })
})
