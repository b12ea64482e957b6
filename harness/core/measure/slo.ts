import type { Objective, Slo } from '../scenario.ts'
import { type ClickTally, errorRatio, percentileMs, type RouteTallies } from './tally-clicks.ts'

export type SloJudgement = {
  /** Every objective that could be judged holds, and at least one could be judged. */
  readonly held: boolean
  /** What was broken, in words, the objectives on `all` clicks first. */
  readonly broken: readonly string[]
  /** Objectives with too few clicks to say anything. */
  readonly notJudged: readonly string[]
  readonly judged: number
}

/** Percentile objectives: field, quantile and name. */
const PERCENTILES = [
  ['p50Ms', 0.5, 'p50'],
  ['p95Ms', 0.95, 'p95'],
  ['p99Ms', 0.99, 'p99'],
] as const

/**
 * Fewer clicks than this say nothing about an objective. An empirical q-quantile needs at least 1 ÷ (1 − q) clicks:
 * below that its rank is the slowest click of all, and one slow click would decide. (A one-sided 95 % statement needs
 * ln 0.05 ÷ ln q clicks, 59 for p95: that is the sample-count check's business.)
 */
const FEWEST_CLICKS = 20

/** Judges clicks against every objective by point estimate: percentiles over all clicks, errors over all clicks. */
export function judgeSlo(tallies: RouteTallies, slo: Slo): SloJudgement {
  const broken: string[] = []
  const notJudged: string[] = []
  let judged = 0
  for (const [name, objective] of routesInOrder(slo)) {
    const tally = name === 'all' ? tallies.all : tallies.byRoute.get(name)
    const words = name === 'all' ? 'all clicks' : name
    for (const [field, q, percentile] of PERCENTILES) {
      const boundMs = objective[field]
      if (boundMs === undefined) continue
      if (!tally || tally.clicks < Math.max(FEWEST_CLICKS, Math.round(1 / (1 - q)))) {
        notJudged.push(`${percentile} of ${words}`)
        continue
      }
      judged++
      const ms = percentileMs(tally, q)
      if (ms === null || ms > boundMs)
        broken.push(
          `${percentile} of ${words} ${ms === null ? tooSlow(tally, q) : `${round(ms)} ms`} > ${boundMs} ms`,
        )
    }
    if (objective.errorRatio === undefined) continue
    if (!tally || tally.clicks < FEWEST_CLICKS) {
      notJudged.push(`errors of ${words}`)
      continue
    }
    judged++
    if (tooManyErrors(tally, objective.errorRatio)) {
      broken.push(`${percent(errorRatio(tally))} of ${words} failed > ${percent(objective.errorRatio)}`)
    }
  }
  return { held: judged > 0 && broken.length === 0, broken, notJudged, judged }
}

/**
 * More clicks failed than the bound allows. While fewer than 1 ÷ bound clicks were seen, one failed click alone is no
 * evidence against the bound (at 1 %, 80 clicks hold one with probability 0.55), so it is forgiven.
 */
export function tooManyErrors(tally: Pick<ClickTally, 'clicks' | 'ok'>, boundRatio: number): boolean {
  const forgiven = boundRatio > 0 && tally.clicks * boundRatio < 1 ? 1 : tally.clicks * boundRatio
  return tally.clicks - tally.ok > forgiven + 1e-9
}

/** The bound a right answer must meet to be good, ms: its route's p95, else p95 of all, else none. */
export function goodWithinMs(slo: Slo, route: string): number | null {
  return slo[route]?.p95Ms ?? slo['all']?.p95Ms ?? null
}

/** The tightest p95 bound of a scenario, ms; `null` when it has none. */
export function tightestP95Ms(slo: Slo): number | null {
  const bounds = Object.values(slo).flatMap(({ p95Ms }) => (p95Ms === undefined ? [] : [p95Ms]))
  return bounds.length === 0 ? null : Math.min(...bounds)
}

function routesInOrder(slo: Slo): readonly (readonly [string, Objective])[] {
  return Object.entries(slo).sort(([a], [b]) => Number(b === 'all') - Number(a === 'all'))
}

function tooSlow(tally: ClickTally, q: number): string {
  return `without an answer (${percent(errorRatio(tally))} failed, ${percent(1 - q)} may be slower)`
}

function round(ms: number): number {
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 1000) / 10} %`
}
