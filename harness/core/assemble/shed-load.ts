import { FIXES, type FixStep } from '../fixes/index.ts'
import type { Capacity, SurgeResult } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { surgesOf } from './today.ts'

type Carried = Pick<Capacity, 'perSec' | 'clicksPerSec' | 'ordersPerMin'>

/** Goodput "at capacity": what is missing up to here is the measurement's own noise. */
const AT_CAPACITY = 0.9
/** Of the difference of two counts, in standard deviations (95 %). */
const SURELY = 1.96

/** What a surge came to: good checkouts, or good clicks where nobody orders, and the share of clicks turned away or left waiting. */
type Served = { readonly good: number; readonly turnedAway: number }

/** Whether a fix turns shoppers away, or has them wait, so that others are served. */
export function sheds(fixes: readonly FixStep[]): boolean {
  return fixes.some(({ id }) => FIXES[id].sheds === true)
}

/**
 * The sentence behind "protects": beyond capacity the shop with this fix went on serving as much as it can carry, and
 * surely more than without it, while it turned others away. `null`: that was not seen, or no such surge was driven.
 *
 * As much as it can carry: of each second's shoppers those that are within capacity, with the orders of each.
 */
export function protectsBecause(run: RunData, fixes: readonly FixStep[], capacity: Carried): string | null {
  if (!sheds(fixes)) return null
  const surges = surgesOf(run)
  const on = (wanted: readonly FixStep[]) =>
    surges.find(({ arm, valid }) => valid && sameFixes(run, arm, wanted))
  const [without, beside] = [on([]), on(fixes)]
  if (!without || !beside) return null
  const carried = withinCapacity(beside, capacity)
  const [before, after] = [served(run, without, capacity), served(run, beside, capacity)]
  const noise = SURELY * Math.sqrt(before.good + after.good)
  if (after.turnedAway === 0 || after.good < AT_CAPACITY * carried || after.good - before.good <= noise)
    return null
  const what = countsOrders(capacity) ? 'orders' : 'clicks'
  return `the surge that is too much for it still gets ${percent(after.good / carried)} of the ${what} that it can carry, without it ${percent(before.good / carried)}; ${percent(after.turnedAway)} of all clicks are turned away, or wait`
}

function withinCapacity({ seconds }: SurgeResult, capacity: Carried): number {
  const each = countsOrders(capacity) ? capacity.ordersPerMin / 60 : capacity.clicksPerSec
  const shoppers = seconds.reduce((sum, second) => sum + Math.min(second.arrivalsPerSec, capacity.perSec), 0)
  return (shoppers * each) / capacity.perSec
}

function served(run: RunData, { segment, seconds }: SurgeResult, capacity: Carried): Served {
  const good = seconds.reduce(
    (sum, second) => sum + (countsOrders(capacity) ? second.goodCheckouts : second.good),
    0,
  )
  const slots = run.segments.find(({ line }) => line.segment === segment)?.slots ?? []
  const clicks = slots.filter(({ of, sec }) => of === 'click' && sec >= 0)
  const all = clicks.reduce((sum, { n }) => sum + n, 0)
  const away = clicks
    .filter(({ outcome }) => outcome === 'shed' || outcome === 'queued')
    .reduce((sum, { n }) => sum + n, 0)
  return { good, turnedAway: all > 0 ? away / all : 0 }
}

function countsOrders({ ordersPerMin }: Carried): boolean {
  return ordersPerMin > 0
}

function sameFixes({ arms }: RunData, arm: number, wanted: readonly FixStep[]): boolean {
  return JSON.stringify(arms.find((line) => line.arm === arm)?.fixes) === JSON.stringify(wanted)
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
