import { median } from 'simple-statistics'
import type { SegmentCheck } from '../check.ts'
import { tightestP95Ms } from '../slo.ts'

/**
 * An answer that waits in the generator's event loop is timed late. 10 % of the tightest bound is tolerated, as it
 * strikes the unluckiest answers only; 30 ms always, since p99 of the few samples of one second is the worst of them.
 */
const SHARE_OF_BOUND = 0.1
const ALWAYS_ALLOWED_MS = 30

/** The generator's event loop was free to read answers: median over the seconds, so that one hiccup does not count. */
export const generatorLoop: SegmentCheck = {
  name: 'generator event loop',
  voids: 'any',
  makes: 'invalid',
  examine({ series, end }, { slo }) {
    const readings = series.flatMap(({ probe, values }) =>
      probe === 'generator' && values['loopDelayP99Ms'] !== undefined ? [values['loopDelayP99Ms']] : [],
    )
    const value = readings.length > 0 ? median(readings) : end?.engine.loopDelayP99Ms
    if (value === undefined) return null
    const threshold = Math.max(ALWAYS_ALLOWED_MS, SHARE_OF_BOUND * (tightestP95Ms(slo) ?? 0))
    return {
      held: value <= threshold,
      value,
      threshold,
      says: `the generator's event loop was held up by ${value.toFixed(1)} ms in a usual second (at most ${threshold} ms)`,
    }
  },
}
