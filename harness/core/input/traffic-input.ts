import { z } from 'zod'
import { SHAPE_KINDS, type TrafficShape } from '../scenario.ts'
import { shapePeakPerSec } from '../traffic/shapes.ts'
import { readDurationMs, readFactor, readPerSec } from '../units.ts'
import { knownKeys } from './known-keys.ts'
import { textOf } from './text-of.ts'

/** A sample storefront on one machine: beyond this the generator, not the shop, would be what is rehearsed. */
const MAX_PEAK_PER_SEC = 2000
const MAX_LASTS_SEC = 30 * 60
const MIN_LASTS_SEC = 5

/** The parts of a surge that `traffic`, `quick` and `--set traffic.…` can give. */
export const SURGE_PARTS = {
  normal: textOf(`a rate above 0 and at most ${MAX_PEAK_PER_SEC}/s such as "5/s"`, (text) => {
    const perSec = readPerSec(text)
    return perSec !== null && perSec > 0 && perSec <= MAX_PEAK_PER_SEC ? perSec : null
  }),
  peak: textOf<TrafficShape['peak']>('a factor such as "12x" or a rate such as "60/s"', (text) => {
    const factor = readFactor(text)
    if (factor !== null) return { kind: 'factor', factor }
    const perSec = readPerSec(text)
    return perSec === null ? null : { kind: 'rate', perSec }
  }),
  lasts: textOf('a duration from 5s to 30min such as "45s"', (text) => {
    const ms = readDurationMs(text)
    return ms !== null && ms >= MIN_LASTS_SEC * 1000 && ms <= MAX_LASTS_SEC * 1000 ? ms / 1000 : null
  }),
}

export const TRAFFIC_INPUT = knownKeys({
  kind: z.enum(SHAPE_KINDS, { error: `surge.doorsOpen, flashSale, sustained or constant({ … })` }),
  ...SURGE_PARTS,
  arrivals: z
    .enum(['poisson', 'even'], {
      error: '"poisson" (by chance, as shoppers come) or "even" (at equal distance)',
    })
    .default('poisson'),
}).transform(
  ({ kind, normal, peak, lasts, arrivals }): TrafficShape => ({
    kind,
    normalPerSec: normal,
    peak,
    lastsSec: lasts,
    arrivals,
  }),
)

export const QUICK_INPUT = knownKeys({
  normal: SURGE_PARTS.normal.exactOptional(),
  peak: SURGE_PARTS.peak.exactOptional(),
  lasts: SURGE_PARTS.lasts.exactOptional(),
})

/** Parts of a surge that change: from `quick`, or from `--set traffic.…`. */
export type SurgeChange = z.output<typeof QUICK_INPUT>

/** A shape with some parts changed. */
export function changeShape(shape: TrafficShape, change: SurgeChange): TrafficShape {
  return {
    kind: shape.kind,
    normalPerSec: change.normal ?? shape.normalPerSec,
    peak: change.peak ?? shape.peak,
    lastsSec: change.lasts ?? shape.lastsSec,
    arrivals: shape.arrivals,
  }
}

/** What is wrong with the peak that normal and peak make together; `null` when nothing is. */
export function peakProblem(shape: TrafficShape): { readonly expected: string; readonly got: string } | null {
  const perSec = shapePeakPerSec(shape)
  const got = `a peak of ${Number(perSec.toPrecision(6))}/s`
  if (perSec > MAX_PEAK_PER_SEC) return { expected: `a peak of at most ${MAX_PEAK_PER_SEC}/s`, got }
  if (shape.kind !== 'constant' && perSec < shape.normalPerSec) {
    return { expected: `a peak no lower than the normal ${shape.normalPerSec}/s`, got }
  }
  if (perSec <= 0) return { expected: 'a peak above 0/s', got }
  return null
}
