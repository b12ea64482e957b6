import { describe, expect, it } from 'vitest'
import type { StepResult, StepVerdict } from '../result.ts'
import { buildRun } from '../testing/build-run.ts'
import { series } from '../testing/build-segment.ts'
import { diagnosisWindows } from './windows.ts'

const result = (segment: number, offeredPerSec: number, verdict: StepVerdict): StepResult => ({
  segment,
  offeredPerSec,
  verdict,
  achievedPerSec: 0,
  clicks: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
  errorRatio: 0,
  because: '',
})

describe('diagnosisWindows', () => {
  const run = buildRun({
    segments: [
      {
        purpose: 'surge',
        curve: [
          { atSec: 0, perSec: 5 },
          { atSec: 10, perSec: 60 },
          { atSec: 30, perSec: 60 },
        ],
      },
      ...[10, 30, 33, 60].map((perSec) => ({ perSec, durationSec: 4 })),
    ],
  })
  const startUs = (segment: number) => run.segments[segment]!.line.startUs

  it('of a surge run from the first sign until patience ends (3 s after onset), never into the collapse', () => {
    expect(diagnosisWindows(run, { firstSignSec: 4, onsetSec: 9 }, [])).toEqual([
      { fromUs: startUs(0) + 4e6, toUs: startUs(0) + 12e6 },
    ])
    // First sign and onset at once: three seconds, so that there is something to read.
    expect(diagnosisWindows(run, { firstSignSec: 9, onsetSec: 9 }, [])).toEqual([
      { fromUs: startUs(0) + 9e6, toUs: startUs(0) + 12e6 },
    ])
  })

  it('of a surge that broke nothing lie at its highest load', () => {
    expect(diagnosisWindows(run, { firstSignSec: null, onsetSec: null }, [])).toEqual([
      { fromUs: startUs(0) + 10e6, toUs: startUs(0) + 30e6 },
    ])
  })

  it('of a surge that broke nothing hold the moment of a crash, too', () => {
    const crash = (sec: number) =>
      series(startUs(0) + sec * 1e6, 'database', 'database', 'postgres', { restarts: 1 })
    const windows = (sec: number) =>
      diagnosisWindows({ ...run, series: [crash(sec)] }, { firstSignSec: null, onsetSec: null }, [])
    expect(windows(4)).toEqual([
      { fromUs: startUs(0) + 2e6, toUs: startUs(0) + 6e6 },
      { fromUs: startUs(0) + 10e6, toUs: startUs(0) + 30e6 },
    ])
    expect(windows(20)).toHaveLength(1)
    const calm = series(startUs(0) + 4e6, 'database', 'database', 'postgres', { restarts: 0 })
    expect(
      diagnosisWindows({ ...run, series: [calm] }, { firstSignSec: null, onsetSec: null }, []),
    ).toHaveLength(1)
  })

  it('take the steps around the limit, not those far below or beyond', () => {
    const steps = [result(1, 10, 'pass'), result(2, 30, 'pass'), result(3, 33, 'fail'), result(4, 60, 'fail')]
    expect(diagnosisWindows(run, null, steps).map(({ toUs }) => toUs)).toEqual([
      startUs(2) + 4e6,
      startUs(3) + 4e6,
    ])
  })

  it('fall back to the wider band, and to nothing', () => {
    expect(diagnosisWindows(run, null, [result(1, 10, 'pass'), result(2, 20, 'fail')])).toHaveLength(2)
    expect(diagnosisWindows(run, null, [])).toEqual([])
    expect(diagnosisWindows(run, null, [result(1, 10, 'invalid')])).toEqual([])
  })
})
