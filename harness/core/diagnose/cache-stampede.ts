import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { ExpirySignals } from './signals.ts'
import { count, cpuTestimony, expiriesSwamp, expiryRhythm, percent } from './testimony.ts'

/** Of its calls between expiries: a statement that everybody sends when its page is gone. */
const BUNCHED = 3

/** Pages expire from the cache together, and everybody who wants one asks the database for it at once. */
export const cacheStampede: Rule = {
  class: 'cache-stampede',
  predictions: { 'database.scale-up': 'up', 'app.scale-out': 'none', 'cache.single-flight': 'up' },
  decisive: 'cache.single-flight',
  assess({ expiries, database, app }) {
    return weigh(
      [
        [3, rhythmTestimony(expiries)],
        [2, statementTestimony(expiries)],
        [1.5, busyTestimony(expiries)],
        [1, cpuTestimony('app', app?.cpu ?? null, 'spare')],
      ],
      [
        expiries === null && 'the app has no cache, or it was not measured',
        expiries !== null && !expiryRhythm(expiries) && 'pages do not expire from the cache together',
        expiries !== null &&
          expiryRhythm(expiries) &&
          !expiriesSwamp(expiries) &&
          'the database is not busier when pages expire than it has time for, or no less busy in between',
      ],
      {
        resource: database?.component ?? null,
        says: expiries?.everySec
          ? `cache stampede: every ${count(expiries.everySec)} s pages expire together, and the database is ${percent(expiries.databaseBusyRatio ?? 0)} busy with asking for them anew, ${percent(expiries.databaseCalmBusyRatio ?? 0)} in between`
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

function busyTestimony(expiries: ExpirySignals | null): Evidence | null {
  if (expiries?.databaseBusyRatio == null || expiries.databaseCalmBusyRatio === null) return null
  const { databaseBusyRatio, databaseCalmBusyRatio } = expiries
  return {
    layer: 'database',
    metric: 'busyRatio',
    value: databaseBusyRatio,
    unit: 'ratio',
    threshold: databaseCalmBusyRatio,
    supports: expiriesSwamp(expiries),
    says: `database CPU ${percent(databaseBusyRatio)} busy when pages expire, ${percent(databaseCalmBusyRatio)} in between`,
  }
}
