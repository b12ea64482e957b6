import { mean } from 'simple-statistics'
import { drivenSec } from '../measure/driven-sec.ts'
import { meanRate } from '../measure/mean-rate.ts'
import { measuredClicks } from '../measure/tally-clicks.ts'
import type { SeriesLine, SlotLine } from '../record.ts'
import type { RunData, SegmentData } from '../run-data.ts'

/** The resources of a topology that have a CPU budget. */
export const RESOURCES = ['database', 'app', 'balancer'] as const
export type Resource = (typeof RESOURCES)[number]

/** One load that was carried, and the CPU it took. */
export type LoadPoint = {
  /** Shoppers/s whose clicks were answered right. */
  readonly perSec: number
  /** Cores in use, over all components of the resource. */
  readonly used: Partial<Record<Resource, { readonly cores: number; readonly components: number }>>
}

/** More failed clicks than this and CPU went into work that no shopper got: the point says nothing about demand. */
const MOST_ERRORS = 0.1
/** A reading tells of the time before it: at a second's granularity the first one of a step tells of the step before. */
const LEAD_IN_US = 900_000

/** The points of an arm: one for each step, or for each second of its surge when it had no steps. */
export function loadPoints(run: RunData, arm: number): LoadPoint[] {
  const segments = run.segments.filter(({ line }) => line.arm === arm)
  const clicksEach = clicksPerShopper(segments)
  if (clicksEach === null) return []
  const steps = segments.filter(({ line }) => line.purpose === 'step')
  const points = steps.flatMap((segment) => point(segment, 0, drivenSec(segment), LEAD_IN_US, clicksEach))
  return points.length > 0 ? points : surgePoints(run, arm)
}

/** One point for each second of an arm's surges whose clicks were answered. */
export function surgePoints(run: RunData, arm: number): LoadPoint[] {
  const segments = run.segments.filter(({ line }) => line.arm === arm)
  const clicksEach = clicksPerShopper(segments)
  if (clicksEach === null) return []
  return segments
    .filter(({ line }) => line.purpose === 'surge')
    .flatMap((segment) =>
      Array.from({ length: Math.floor(drivenSec(segment)) }, (_, sec) =>
        point(segment, sec, sec + 1, 300_000, clicksEach),
      ).flat(),
    )
}

/** One point for each warm-up of an arm that was driven with its budgets on, which is what comes right before its steps. */
export function settlingPoints(run: RunData, arm: number): LoadPoint[] {
  const enforcedUs = run.arms.find((line) => line.arm === arm)?.atUs
  const segments = run.segments.filter(({ line }) => line.arm === arm)
  const clicksEach = clicksPerShopper(segments)
  if (clicksEach === null || enforcedUs === undefined) return []
  return segments
    .filter(({ line }) => line.purpose === 'warm-up' && line.startUs >= enforcedUs)
    .flatMap((segment) => point(segment, 0, drivenSec(segment), LEAD_IN_US, clicksEach))
}

/** Clicks for each shopper the plan sent: what healthy segments say, else what all say. */
function clicksPerShopper(segments: readonly SegmentData[]): number | null {
  const count = (chosen: readonly SegmentData[]): number | null => {
    let clicks = 0
    let shoppers = 0
    for (const segment of chosen) {
      if (!segment.end) continue
      // Shoppers who arrive during a step click on after it; those it began with make up for them.
      clicks += segment.end.engine.clicksIntended
      const durationSec = drivenSec(segment)
      shoppers += meanRate(segment.line.plan.curve, 0, durationSec) * durationSec
    }
    return clicks > 0 && shoppers > 0 ? clicks / shoppers : null
  }
  const measured = segments.filter(({ line }) => line.purpose === 'step' || line.purpose === 'surge')
  const healthy = measured.filter((segment) => errorRatio(measuredClicks(segment)) <= MOST_ERRORS / 10)
  return count(healthy) ?? count(measured)
}

function point(
  segment: SegmentData,
  fromSec: number,
  toSec: number,
  leadInUs: number,
  clicksEach: number,
): LoadPoint[] {
  const clicks = measuredClicks(segment).filter(({ sec }) => sec >= fromSec && sec < toSec)
  const ok = clicks.reduce((sum, { outcome, n }) => sum + (outcome === 'ok' ? n : 0), 0)
  if (ok === 0 || errorRatio(clicks) > MOST_ERRORS) return []
  const { startUs } = segment.line
  const fromUs = startUs + fromSec * 1e6 + leadInUs
  const toUs = startUs + toSec * 1e6 + 300_000
  const readings = segment.series.filter(
    ({ probe, atUs }) => probe === 'cpu' && atUs >= fromUs && atUs <= toUs,
  )
  const used: LoadPoint['used'] = {}
  for (const resource of RESOURCES) {
    const cores = usedCores(readings.filter(({ role }) => role === resource))
    if (cores.length === 0) continue
    used[resource] = { cores: cores.reduce((sum, each) => sum + each, 0), components: cores.length }
  }
  return [{ perSec: ok / (toSec - fromSec) / clicksEach, used }]
}

/** Mean cores of each component. */
function usedCores(readings: readonly SeriesLine[]): number[] {
  const byComponent = new Map<string, number[]>()
  for (const { component, values } of readings) {
    const cores = values['usedCores']
    if (cores === undefined) continue
    const list = byComponent.get(component)
    if (list) list.push(cores)
    else byComponent.set(component, [cores])
  }
  return [...byComponent.values()].map((cores) => mean(cores))
}

function errorRatio(slots: readonly SlotLine[]): number {
  const clicks = slots.reduce((sum, { n }) => sum + n, 0)
  const ok = slots.reduce((sum, { outcome, n }) => sum + (outcome === 'ok' ? n : 0), 0)
  return clicks === 0 ? 0 : 1 - ok / clicks
}
