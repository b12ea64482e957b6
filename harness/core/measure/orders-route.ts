import type { Slo } from '../scenario.ts'

/**
 * The route by which orders are placed: the POST route whose name speaks of a checkout or an order, looked for first
 * among the objectives (what a scenario promises is what it cares for), then among the routes that were clicked; else
 * the only POST route that has an objective. `null`: nothing tells, so no checkouts are reported.
 */
export function ordersRoute(slo: Slo, clicked: Iterable<string>): string | null {
  const promised = Object.keys(slo).filter(isPost)
  const seen = [...new Set(clicked)].filter(isPost).sort()
  const named = [...promised, ...seen].find((route) => /checkout|order/i.test(route))
  return named ?? (promised.length === 1 ? promised[0]! : null)
}

function isPost(route: string): boolean {
  return route.startsWith('POST ')
}
