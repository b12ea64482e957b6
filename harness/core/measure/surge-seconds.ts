import type { SlotLine } from '../record.ts'
import type { SurgeSecond } from '../result.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import type { Slo } from '../scenario.ts'
import { completionsBySecond } from './completions.ts'
import { countAtMost } from './histogram.ts'
import { meanRate } from './mean-rate.ts'
import { ordersRoute } from './orders-route.ts'
import { goodWithinMs, tooManyErrors } from './slo.ts'
import { type ClickTally, measuredClicks, percentileMs, tallyClicks } from './tally-clicks.ts'
import { withNeighbours } from './with-neighbours.ts'
import { withRecovery } from './with-recovery.ts'

/**
 * A surge second by second, as shoppers saw it: clicks by the second they were meant to start in, `achieved` by the
 * second they completed in. A recovery segment that follows on the same arm continues the count.
 */
export function surgeSeconds(run: RunData, segment: SegmentData): SurgeSecond[] {
  const { slo } = run.header.scenario
  const clicks = new Map<number, SlotLine[]>()
  const attempts = new Map<number, number>()
  const parts = withRecovery(run, segment)
  for (const part of parts) {
    const offsetSec = Math.round((part.line.startUs - segment.line.startUs) / 1e6)
    for (const slot of measuredClicks(part)) {
      const sec = slot.sec + offsetSec
      const list = clicks.get(sec)
      if (list) list.push(slot)
      else clicks.set(sec, [slot])
    }
    for (const { of, sec, n } of part.slots) {
      if (of === 'attempt') attempts.set(sec + offsetSec, (attempts.get(sec + offsetSec) ?? 0) + n)
    }
  }
  const achieved = completionsBySecond(
    parts.flatMap(({ series }) => series),
    segment.line.startUs,
  )
  const orders = ordersRoute(
    slo,
    [...clicks.values()].flat().map(({ route }) => route),
  )
  const length = Math.max(-1, ...clicks.keys()) + 1
  const bySecond = Array.from({ length }, (_, sec) => clicks.get(sec) ?? [])
  const counts = bySecond.map((slots) => slots.reduce((sum, { n }) => sum + n, 0))
  return bySecond.map((slots, sec): SurgeSecond => {
    const { all } = tallyClicks(slots)
    const checkouts = slots.filter(({ route }) => route === orders)
    const [from, to] = withNeighbours(counts, sec)
    return {
      sec,
      arrivalsPerSec: arrivalsPerSec(segment, parts, sec),
      clicks: all.clicks,
      good: goodClicks(slots, slo),
      errors: all.clicks - all.ok,
      achieved: achieved.get(sec) ?? 0,
      p50Ms: percentileMs(all, 0.5),
      p95Ms: percentileMs(all, 0.95),
      checkouts: checkouts.reduce((sum, { n }) => sum + n, 0),
      goodCheckouts: goodClicks(checkouts, slo),
      sloHeld: secondHeld(bySecond.slice(from, to).flat(), slo),
      attempts: attempts.get(sec) ?? 0,
    }
  })
}

/** Share of good clicks that stands in for p95 where a scenario bounds only single routes. */
const GOOD_SHARE = 0.95

/**
 * Whether shoppers were served in one second: p50 and p95 of all its clicks, and its errors, against the objectives on
 * `all` (p99 needs more clicks than a second has). Without those: 95 % of its clicks good. No clicks: nobody was let down.
 */
function secondHeld(slots: readonly SlotLine[], slo: Slo): boolean {
  const { all } = tallyClicks(slots)
  if (all.clicks === 0) return true
  const objective = slo['all']
  if (!objective) return goodClicks(slots, slo) >= GOOD_SHARE * all.clicks
  return (
    within(all, 0.5, objective.p50Ms) &&
    within(all, 0.95, objective.p95Ms) &&
    !(objective.errorRatio !== undefined && tooManyErrors(all, objective.errorRatio))
  )
}

function within(tally: ClickTally, q: number, boundMs: number | undefined): boolean {
  if (boundMs === undefined) return true
  const ms = percentileMs(tally, q)
  return ms !== null && ms <= boundMs
}

/** Clicks answered right within their route's bound. */
function goodClicks(slots: readonly SlotLine[], slo: Slo): number {
  let good = 0
  for (const { route, outcome, n, timesUs } of slots) {
    if (outcome !== 'ok') continue
    const boundMs = goodWithinMs(slo, route)
    good += boundMs === null ? n : countAtMost(timesUs, boundMs * 1000)
  }
  return good
}

function arrivalsPerSec(segment: SegmentData, parts: readonly SegmentData[], sec: number): number {
  let perSec = 0
  for (const { line } of parts) {
    const at = sec - Math.round((line.startUs - segment.line.startUs) / 1e6)
    perSec += meanRate(line.plan.curve, at, at + 1)
  }
  return perSec
}
