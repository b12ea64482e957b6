import type { HistogramPairs, SlotLine } from '../record.ts'
import type { SegmentData } from '../run-data.ts'
import { addPairs, type Histogram, newHistogram, quantileUs } from './histogram.ts'

/** Clicks counted: how many, how many were answered right, and how long those took. */
export type ClickTally = { readonly clicks: number; readonly ok: number; readonly okTimesUs: Histogram }

export type RouteTallies = {
  readonly all: ClickTally
  readonly byRoute: ReadonlyMap<string, ClickTally>
}

/**
 * The clicks of the measured part, by second of intended start. Before second 0 a step fills up; a plan that is cut
 * at its end is measured to there, one that lets its sessions finish is measured to the last click.
 */
export function measuredClicks(segment: SegmentData): SlotLine[] {
  return measured(segment, 'click')
}

/** The attempts of the same part. */
export function measuredAttempts(segment: SegmentData): SlotLine[] {
  return measured(segment, 'attempt')
}

function measured({ line, slots }: SegmentData, of: SlotLine['of']): SlotLine[] {
  const { plan } = line
  const untilSec = plan.ending === 'cut' ? (plan.curve.at(-1)?.atSec ?? 0) : Number.POSITIVE_INFINITY
  return slots.filter((slot) => slot.of === of && slot.sec >= 0 && slot.sec < untilSec)
}

/** Adds click slots up, over all routes and for each. */
export function tallyClicks(slots: Iterable<SlotLine>): RouteTallies {
  const all = emptyTally()
  const byRoute = new Map<string, ReturnType<typeof emptyTally>>()
  for (const { route, outcome, n, timesUs } of slots) {
    let tally = byRoute.get(route)
    if (!tally) {
      tally = emptyTally()
      byRoute.set(route, tally)
    }
    addSlot(all, outcome === 'ok', n, timesUs)
    addSlot(tally, outcome === 'ok', n, timesUs)
  }
  return { all, byRoute }
}

/**
 * The q-quantile (0..1) in ms over ALL clicks, nearest rank. A click that was not answered right is slower than any
 * bound, so a fast 503 never improves it; `null` when the rank falls among those, or there was no click.
 */
export function percentileMs(tally: ClickTally, q: number): number | null {
  const rank = Math.max(1, Math.ceil(q * tally.clicks))
  if (tally.clicks === 0 || rank > tally.ok) return null
  const us = quantileUs(tally.okTimesUs, rank / tally.ok)
  return us === null ? null : us / 1000
}

/** Share of the clicks not answered right, 0..1; 0 without clicks. */
export function errorRatio(tally: ClickTally): number {
  return tally.clicks === 0 ? 0 : (tally.clicks - tally.ok) / tally.clicks
}

function emptyTally(): { clicks: number; ok: number; okTimesUs: Histogram } {
  return { clicks: 0, ok: 0, okTimesUs: newHistogram() }
}

function addSlot(
  tally: ReturnType<typeof emptyTally>,
  ok: boolean,
  n: number,
  timesUs: HistogramPairs,
): void {
  tally.clicks += n
  if (!ok) return
  tally.ok += n
  addPairs(tally.okTimesUs, timesUs)
}
