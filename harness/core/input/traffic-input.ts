import { z } from 'zod'
import { type DrawnShape, type ReplayShape, SHAPE_KINDS, type TrafficShape } from '../scenario.ts'
import { peakPerSec } from '../traffic/curve.ts'
import { drawReplay } from '../traffic/draw-replay.ts'
import { lasting } from '../traffic/replay-window.ts'
import { shapePeakPerSec } from '../traffic/shapes.ts'
import { readDurationMs, readFactor, readPerSec } from '../units.ts'
import { knownKeys } from './known-keys.ts'
import type { Problem } from './problem.ts'
import { textOf } from './text-of.ts'

/** A sample storefront on one machine: beyond this the generator, not the shop, would be what is rehearsed. */
export const MAX_PEAK_PER_SEC = 2000
export const MAX_LASTS_SEC = 30 * 60
export const MIN_LASTS_SEC = 5

/** The parts of a surge that `traffic`, `quick` and `--set traffic.…` can give. */
export const SURGE_PARTS = {
  normal: textOf(`a rate above 0 and at most ${MAX_PEAK_PER_SEC}/s such as "5/s"`, (text) => {
    const perSec = readPerSec(text)
    return perSec !== null && perSec > 0 && perSec <= MAX_PEAK_PER_SEC ? perSec : null
  }),
  peak: textOf<DrawnShape['peak']>('a factor such as "12x" or a rate such as "60/s"', (text) => {
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
  kind: z.enum(SHAPE_KINDS, { error: `surge.doorsOpen, flashSale, sustained, constant or replay({ … })` }),
  ...SURGE_PARTS,
  arrivals: z
    .enum(['poisson', 'even'], {
      error: '"poisson" (by chance, as shoppers come) or "even" (at equal distance)',
    })
    .default('poisson'),
}).transform(
  ({ kind, normal, peak, lasts, arrivals }): DrawnShape => ({
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

/** A shape with some parts changed; of a replay, its length only (see `replayChangeProblems`). */
export function changeShape<Shape extends TrafficShape>(shape: Shape, change: SurgeChange): Shape
export function changeShape(shape: TrafficShape, change: SurgeChange): TrafficShape {
  if (shape.kind === 'replay') return lasting(shape, change.lasts ?? shape.lastsSec)
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
  if (shape.kind === 'replay') return replayPeakProblem(shape)
  const perSec = shapePeakPerSec(shape)
  const got = `a peak of ${Number(perSec.toPrecision(6))}/s`
  if (perSec > MAX_PEAK_PER_SEC) return { expected: `a peak of at most ${MAX_PEAK_PER_SEC}/s`, got }
  if (shape.kind !== 'constant' && perSec < shape.normalPerSec) {
    return { expected: `a peak no lower than the normal ${shape.normalPerSec}/s`, got }
  }
  if (perSec <= 0) return { expected: 'a peak above 0/s', got }
  return null
}

/** Its arrivals are what is sent, whatever it says its peak is: both must be within the ceiling. */
function replayPeakProblem(shape: ReplayShape): ReturnType<typeof peakProblem> {
  const traffic = drawReplay(shape, false)
  const highest = Math.max(traffic.peakPerSec, peakPerSec(traffic.curve))
  if (highest > MAX_PEAK_PER_SEC)
    return { expected: `at most ${MAX_PEAK_PER_SEC} arrivals/s`, got: `${Math.round(highest)}/s` }
  if (traffic.peakPerSec >= traffic.normalPerSec) return null
  const [normal, peak] = [traffic.normalPerSec, traffic.peakPerSec].map((perSec) => perSec.toPrecision(3))
  return { expected: `a peak no lower than the normal ${normal}/s`, got: `a peak of ${peak}/s` }
}

/** What cannot be changed: shoppers who are written down can neither be thinned nor multiplied without a model of them. */
export function replayChangeProblems(
  shape: TrafficShape,
  change: SurgeChange,
  at: string,
): readonly Problem[] {
  if (shape.kind !== 'replay') return []
  return (['normal', 'peak'] as const).flatMap((part) =>
    change[part] === undefined
      ? []
      : [
          {
            path: `${at}.${part}`,
            expected: `its own ${part}: a replay sends the arrivals that were written down, neither fewer nor more`,
            got: `another ${part}`,
          },
        ],
  )
}
