import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { ExpirySignals, Signals } from './signals.ts'
import { count, cpuTestimony, expiriesSwamp, expiryRhythm, ms, percent } from './testimony.ts'

/** Of its calls between expiries: a statement that everybody sends when its page is gone. */
const BUNCHED = 3

/** Pages expire from the cache together, and everybody who wants one asks the database for it at once. */
export const cacheStampede: Rule = {
  class: 'cache-stampede',
  predictions: { 'database.scale-up': 'up', 'app.scale-out': 'none', 'cache.single-flight': 'up' },
  decisive: 'cache.single-flight',
  shownBySurge: true,
  assess(signals) {
    const { expiries, database, app } = signals
    return weigh(
      [
        [3, rhythmTestimony(expiries)],
        [2, statementTestimony(expiries)],
        [1.5, burstTestimony(signals)],
        [1, cpuTestimony('app', app?.cpu ?? null, 'spare')],
      ],
      [
        expiries === null && 'the app has no cache, or it was not measured',
        expiries !== null && !expiryRhythm(expiries) && 'pages do not expire from the cache together',
        expiries !== null &&
          expiryRhythm(expiries) &&
          !expiriesSwamp(signals) &&
          'the database has time for what is asked when pages expire, or none in between either',
      ],
      {
        resource: database?.component ?? null,
        says: expiries?.everySec
          ? `cache stampede: every ${count(expiries.everySec)} s pages expire together, and finding them anew takes all of the database's CPU for ${ms(expiries.burstMs ?? 0)}; in between it is ${percent(expiries.calmBusyRatio ?? 0)} busy`
          : 'cache stampede',
      },
    )
  },
}

function rhythmTestimony(expiries: ExpirySignals | null): Evidence | null {
  if (!expiries) return null
  const { dips, everySec, missRatio, calmMissRatio } = expiries
  return {
    layer: 'app',
    metric: 'cacheMissRatio',
    value: missRatio,
    unit: 'ratio',
    threshold: calmMissRatio,
    supports: expiryRhythm(expiries),
    says:
      dips > 0
        ? `${dips} times up to ${percent(missRatio)} of the pages asked for were not in the cache, ${percent(calmMissRatio)} otherwise${everySec === null ? '' : `; every ${count(everySec)} s`}`
        : 'the cache lost no many pages at once',
  }
}

function statementTestimony(expiries: ExpirySignals | null): Evidence | null {
  if (!expiries?.statement) return null
  const { label, callsPerSec, calmCallsPerSec } = expiries.statement
  return {
    layer: 'database',
    metric: 'statementCallsPerSec',
    value: callsPerSec,
    unit: 'calls/s',
    threshold: BUNCHED * calmCallsPerSec,
    supports: callsPerSec >= BUNCHED * calmCallsPerSec,
    says: `"${label}" is asked ${count(callsPerSec)} times a second when pages expire, ${count(calmCallsPerSec)} in between`,
  }
}

function burstTestimony(signals: Signals): Evidence | null {
  const { expiries, promisedMs } = signals
  if (expiries?.burstMs == null || expiries.calmBusyRatio === null) return null
  return {
    layer: 'database',
    metric: 'burstMs',
    value: expiries.burstMs,
    unit: 'ms',
    threshold: promisedMs,
    supports: expiriesSwamp(signals),
    says: `what is asked when pages expire takes all of the database's CPU for ${ms(expiries.burstMs)}, which is ${percent(expiries.calmBusyRatio)} busy in between`,
  }
}
