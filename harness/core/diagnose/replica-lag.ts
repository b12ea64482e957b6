import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { ReplicaSignals, Signals } from './signals.ts'
import { cpuTestimony, ms, percent } from './testimony.ts'

/** Hardly anybody looks for what they have just done sooner than this. */
const BEHIND_MS = 250
/** Of all clicks: less can be a journey's own mistake. */
const WRONG_RATIO = 0.01

/**
 * Shoppers are shown a copy of the data that is behind. A lag alone breaks nothing: many a shop reads from its primary what
 * a shopper has just written. So shoppers must have got pages that were wrong, which only a journey's checks can see.
 */
export const replicaLag: Rule = {
  class: 'replica-lag',
  predictions: { 'database.scale-up': 'none', 'app.scale-out': 'none', 'cache.single-flight': 'none' },
  decisive: null,
  assess({ replicas, wrongPages, database, app }) {
    const [furthest = null] = replicas
    const lag = lagTestimony(furthest)
    const wrong = wrongPagesTestimony(wrongPages)
    return weigh(
      [
        [3, lag],
        [3, wrong],
        [1, cpuTestimony('database', database?.cpu ?? null, 'spare')],
        [1, cpuTestimony('app', app?.cpu ?? null, 'spare')],
      ],
      [
        lag === null && 'there is no read replica',
        lag !== null && !lag.supports && `the replicas keep up: ${ms(lag.value)} behind at most`,
        !wrong.supports && 'hardly a page was wrong: a replica that is behind breaks nothing by itself',
      ],
      {
        resource: furthest?.component ?? null,
        says: furthest
          ? `replica lag: ${furthest.component} is ${ms(furthest.lagMs)} behind, and ${percent(wrongPages.ratio)} of the clicks got a page that was wrong`
          : 'replica lag',
      },
    )
  },
}

function lagTestimony(replica: ReplicaSignals | null): Evidence | null {
  if (!replica) return null
  const { component, lagMs } = replica
  return {
    layer: 'database',
    metric: 'replayLagMs',
    value: lagMs,
    unit: 'ms',
    threshold: BEHIND_MS,
    supports: lagMs >= BEHIND_MS,
    says: `${component} shows what the primary had ${ms(lagMs)} ago`,
  }
}

function wrongPagesTestimony({ ratio, clicks }: Signals['wrongPages']): Evidence {
  return {
    layer: 'shopper',
    metric: 'wrongPageRatio',
    value: ratio,
    unit: 'ratio',
    threshold: WRONG_RATIO,
    supports: ratio >= WRONG_RATIO,
    says:
      clicks > 0
        ? `${clicks} clicks (${percent(ratio)}) got their page in time, and it was not what it had to be`
        : 'every page that came was what it had to be',
  }
}
