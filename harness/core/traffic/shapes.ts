import type { RateCurve } from '../plan.ts'
import type { DrawnShape, ShapeKind, Traffic, TrafficShape } from '../scenario.ts'
import { drawReplay } from './draw-replay.ts'

/**
 * The outline of a surge: corners as [fraction of its length, height], height 0 = normal, 1 = peak.
 * The ratios and how steep the fronts are come from published peaks (`field/capacity-science.md` §6); how long each
 * part lasts is assumed, and chosen so that every phase can be seen in a rehearsal of less than a minute.
 */
type Outline = {
  readonly label: string
  readonly corners: readonly (readonly [fraction: number, height: number])[]
}

const OUTLINES: Readonly<Record<ShapeKind, Outline>> = {
  // Everybody waits for the doors: from normal to the peak within seconds, a plateau, an ebb, then normal
  // again to see the recovery. Alibaba 11.11 in 2020 reached its record 26 s after midnight; Black Friday
  // runs at 5 to 15 times normal.
  'doors-open': {
    label: 'doors-open minute',
    corners: [
      [0, 0],
      [5 / 45, 0],
      [7 / 45, 1],
      [22 / 45, 1],
      [32 / 45, 0],
      [1, 0],
    ],
  },
  // A link goes out: an all but vertical front, a short plateau, and a fast decay as the stock goes. Flash
  // sales raised the throughput of whole platforms 4 to 5 times over their baseline (Shopify 2016, 2022).
  'flash-sale': {
    label: 'flash sale',
    corners: [
      [0, 0],
      [0.1, 0],
      [0.11, 1],
      [0.35, 1],
      [0.42, 0.4],
      [0.5, 0.15],
      [0.6, 0],
      [1, 0],
    ],
  },
  // A day of sales in small: a climb rather than a front, then a plateau longer than everything else. Peaks
  // like Cyber Monday are held, and load tests for them run at 150 % of the last one (Shopify 2025).
  sustained: {
    label: 'sustained peak',
    corners: [
      [0, 0],
      [0.07, 0],
      [0.22, 1],
      [0.72, 1],
      [0.8, 0],
      [1, 0],
    ],
  },
  // One rate from beginning to end: no surge at all, for soak runs and for calibration.
  constant: {
    label: 'constant load',
    corners: [
      [0, 1],
      [1, 1],
    ],
  },
}

/** Peak of a shape, in shoppers per second. */
export function shapePeakPerSec(shape: DrawnShape): number {
  return shape.peak.kind === 'rate' ? shape.peak.perSec : shape.normalPerSec * shape.peak.factor
}

/** Draws a shape: its curve in shoppers per second, and the words for it. `shortened`: not the length it was meant to have. */
export function drawTraffic(shape: TrafficShape, shortened: boolean): Traffic {
  if (shape.kind === 'replay') return drawReplay(shape, shortened)
  const outline = OUTLINES[shape.kind]
  const peak = shapePeakPerSec(shape)
  const normal = shape.kind === 'constant' ? peak : shape.normalPerSec
  const curve: RateCurve = outline.corners.map(([fraction, height]) => ({
    // To the microsecond: 7/45 of 45 s is 7 s, not 7.000000000000001 s.
    atSec: Math.round(fraction * shape.lastsSec * 1e6) / 1e6,
    perSec: normal + (peak - normal) * height,
  }))
  return {
    label: `${outline.label}, ${shortened ? `shortened to ${shape.lastsSec} s` : 'real speed'}`,
    shape,
    normalPerSec: normal,
    peakPerSec: peak,
    curve,
    arrivals: { kind: shape.arrivals },
  }
}
