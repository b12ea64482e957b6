import type { RedirectsAway } from '../result.ts'
import type { SegmentData } from '../run-data.ts'
import { measuredAttempts } from './tally-clicks.ts'

/** What can be followed. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** A share below this is told by the record alone. */
const MANY = 0.1

/**
 * Routes on which many answers (a tenth and more) were redirects that leave the site, most first. They count as answered
 * in time, and are not followed: what lies behind them was not rehearsed. None where redirects were to be kept.
 */
export function redirectsAway(segment: SegmentData): readonly RedirectsAway[] {
  if (segment.line.plan.http?.redirects === 0) return []
  const routes = new Map<string, { attempts: number; redirects: number }>()
  for (const { route, outcome, status = 0, n } of measuredAttempts(segment)) {
    const counts = routes.get(route) ?? { attempts: 0, redirects: 0 }
    routes.set(route, counts)
    counts.attempts += n
    if (outcome === 'ok' && REDIRECTS.has(status)) counts.redirects += n
  }
  return [...routes]
    .map(([route, { attempts, redirects }]) => ({ route, n: redirects, ratio: redirects / attempts }))
    .filter(({ n, ratio }) => n > 0 && ratio >= MANY)
    .sort((a, b) => b.n - a.n)
}
