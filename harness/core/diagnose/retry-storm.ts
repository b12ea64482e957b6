import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { RepeatSignals } from './signals.ts'
import { count, cpuTestimony, isStorm, pressureTestimony, REPEATED } from './testimony.ts'

/**
 * The app works on slow pages again, side by side: the more pages are slow, the more work each of them is. Not the
 * shoppers' reloads, which are requests of their own: those come when everything is slow already.
 */
export const retryStorm: Rule = {
  class: 'retry-storm',
  // More CPU moves the moment at which pages become slow enough.
  predictions: { 'database.scale-up': 'up' },
  decisive: 'those-that-help',
  assess({ repeats, database, app }) {
    return weigh(
      [
        [3, wantedTestimony(repeats)],
        [2.5, callsTestimony(repeats)],
        [1, pressureTestimony(app)],
        [1, cpuTestimony('app', app?.cpu ?? null, 'spare')],
      ],
      [repeats !== null && !isStorm(repeats) && 'a page asks no more of the database than in calm times'],
      {
        resource: app?.components.join(', ') ?? database?.component ?? null,
        says: repeats
          ? `retry storm: the app goes to the database ${count(repeats.wanted / repeats.calmWanted)} times as often for a page as in calm times`
          : 'retry storm',
      },
      [
        (repeats === null || repeats.calls === null || repeats.calmCalls === null) &&
          'what one page asks of the database was not measured, or pages are kept or others than in calm times',
      ],
    )
  },
}

function wantedTestimony(repeats: RepeatSignals | null): Evidence | null {
  if (!repeats) return null
  const { wanted, calmWanted } = repeats
  return {
    layer: 'app',
    metric: 'connectionsWantedPerRequest',
    value: wanted,
    unit: '1/request',
    threshold: REPEATED * calmWanted,
    supports: wanted >= REPEATED * calmWanted,
    says: `for a request the app wants a connection ${wanted.toFixed(1)} times, ${calmWanted.toFixed(1)} in calm times`,
  }
}

function callsTestimony(repeats: RepeatSignals | null): Evidence | null {
  if (repeats?.calls == null || repeats.calmCalls === null) return null
  const { calls, calmCalls } = repeats
  return {
    layer: 'database',
    metric: 'statementsPerAnswer',
    value: calls,
    unit: '1/request',
    threshold: REPEATED * calmCalls,
    supports: calls >= REPEATED * calmCalls,
    says: `the database executes ${count(calls)} statements for each request that is answered, ${count(calmCalls)} in calm times`,
  }
}
