import { drivenSec } from './measure/driven-sec.ts'
import { meanRate } from './measure/mean-rate.ts'
import { ordersRoute } from './measure/orders-route.ts'
import { errorRatio, measuredClicks, tallyClicks } from './measure/tally-clicks.ts'
import { planDurationSec } from './plan.ts'
import type { OrderLine } from './record.ts'
import type { Impact } from './result.ts'
import type { RunData, SegmentData } from './run-data.ts'

/**
 * What a surge cost, in orders, money and shoppers. Orders expected are what the same plan yields when nothing fails:
 * 1. `reference`, a surge of the same plan that held: the same shoppers came and all were served, so its orders are
 *    the expectation, without sampling error;
 * 2. else orders per arriving shopper in the healthy steps of the run × the shoppers of the surge;
 * 3. else the checkouts that were clicked: a lower bound, since shoppers turned away earlier never got that far.
 * A surge that was ended early is held against what its plan yields until then.
 * A click that is not answered right ends its session, so the failed clicks are the shoppers turned away.
 */
export function impact(run: RunData, surge: SegmentData, reference?: SegmentData): Impact {
  const orders = distinct(surge.orders)
  const { all } = tallyClicks(measuredClicks(surge))
  const expected = ordersExpected(run, surge, reference)
  const ordersTaken = orders.length
  const ordersLost = Math.max(0, Math.round(expected.orders) - ordersTaken)
  const known = distinct([
    ...orders,
    ...(reference?.orders ?? []),
    ...run.segments.flatMap((segment) => segment.orders),
  ])
  const meanValue = known.length === 0 ? 0 : known.reduce((sum, { value }) => sum + value, 0) / known.length
  return {
    ordersExpected: ordersTaken + ordersLost,
    ordersTaken,
    ordersLost,
    revenueLost: Math.round(ordersLost * meanValue * 100) / 100,
    currency: known[0]?.currency ?? '',
    shoppersTurnedAway: all.clicks - all.ok,
    method: expected.method,
  }
}

type Expectation = { readonly orders: number; readonly method: string }

function ordersExpected(run: RunData, surge: SegmentData, reference: SegmentData | undefined): Expectation {
  const early = surge.end?.engine.endedEarly !== undefined
  if (reference && samePlan(surge, reference)) {
    const untilUs = early ? reference.line.startUs + drivenSec(surge) * 1e6 : Number.POSITIVE_INFINITY
    return {
      orders: distinct(reference.orders.filter(({ atUs }) => atUs < untilUs)).length,
      method: `measured: orders taken${early ? ' until then' : ''} when the same plan was replayed on a topology that held`,
    }
  }
  const rate = ordersPerShopper(run)
  if (rate !== null) {
    const { line, end } = surge
    const duration = drivenSec(surge)
    const shoppers = end?.engine.sessionsIntended ?? meanRate(line.plan.curve, 0, duration) * duration
    return {
      orders: rate * shoppers,
      method: `estimated: ${rate.toFixed(3)} orders a shopper in healthy steps × ${Math.round(shoppers)} shoppers${early ? ', those still in the shop when its load was ended among them' : ''}`,
    }
  }
  const { byRoute } = tallyClicks(measuredClicks(surge))
  const route = ordersRoute(run.header.scenario.slo, byRoute.keys())
  return {
    orders: (route === null ? undefined : byRoute.get(route)?.clicks) ?? 0,
    method: 'at least: checkouts that were clicked; shoppers turned away before their checkout are not in it',
  }
}

/** The same surge: same seed, same journeys, same curve. */
function samePlan(a: SegmentData, b: SegmentData): boolean {
  const [left, right] = [a.line.plan, b.line.plan]
  return (
    left.seed === right.seed &&
    left.scenarioHash === right.scenarioHash &&
    JSON.stringify(left.curve) === JSON.stringify(right.curve)
  )
}

/** Above this share of failed clicks a step says nothing about how many shoppers order when nothing fails. */
const HEALTHY_ERROR_RATIO = 0.001

/** Steps are in the steady state, so orders per second ÷ arrivals per second is orders per arriving shopper. */
function ordersPerShopper(run: RunData): number | null {
  let orders = 0
  let shoppers = 0
  for (const segment of run.segments) {
    const { purpose, plan } = segment.line
    if (purpose !== 'step' || !segment.end || segment.end.aborted !== null) continue
    const { all } = tallyClicks(measuredClicks(segment))
    if (all.clicks === 0 || errorRatio(all) > HEALTHY_ERROR_RATIO) continue
    const duration = planDurationSec(plan)
    // Not those that filling the step placed before its second 0.
    orders += distinct(segment.orders.filter(({ atUs }) => atUs >= segment.line.startUs)).length
    shoppers += meanRate(plan.curve, 0, duration) * duration
  }
  return orders > 0 && shoppers > 0 ? orders / shoppers : null
}

/** A reloaded checkout may be acknowledged twice; it is one order. */
function distinct(orders: readonly OrderLine[]): OrderLine[] {
  return [...new Map(orders.map((order) => [order.id, order])).values()]
}
