import { newHistogram, recordUs, toPairs } from '../measure/histogram.ts'
import { meanRate } from '../measure/mean-rate.ts'
import type { LoadPlan, RateCurve } from '../plan.ts'
import type {
  ComponentRole,
  EngineEnd,
  HistogramPairs,
  OrderLine,
  Outcome,
  ProbeName,
  RecordLine,
  SegmentPurpose,
  SeriesLine,
  SlotLine,
} from '../record.ts'
import { poissonCounts } from './poisson-counts.ts'

/** Synthetic segments for tests: simple parameters in, the lines a real engine and real probes would write out. */

/** How one second went, as shoppers and probes saw it. Everything has a healthy default. */
export type SecondSpec = {
  /** Clicks whose intended start fell into this second (default: shoppers/s × clicks a shopper). */
  readonly clicks?: number
  /** Mean response time of the clicks that were answered right. */
  readonly responseMs?: number
  /** `fixed`: every click took exactly that long; `exponential`: as in M/M/1 (the default). */
  readonly spread?: 'fixed' | 'exponential'
  /** Share of clicks not answered right, and how they ended. */
  readonly errorRatio?: number
  readonly outcome?: Outcome
  /** The same for one route alone, overriding the second's. */
  readonly routes?: Readonly<Record<string, { readonly responseMs?: number; readonly errorRatio?: number }>>
  /** Attempts a click needed (reloads), default 1. */
  readonly attemptsPerClick?: number
  /** Used ÷ budget of the database and of each app instance. */
  readonly databaseBusy?: number
  readonly appBusy?: number
  readonly poolWaiting?: number
  readonly lockQueue?: number
  /** CPU others took from this machine, in cores. */
  readonly othersCores?: number
  readonly stealCores?: number
  readonly generatorCores?: number
  readonly generatorLoopMs?: number
  /** Completions in this second (default: as many as were intended). */
  readonly completed?: number
}

export type SegmentSpec = {
  readonly purpose?: SegmentPurpose
  readonly arm?: number
  /** Shoppers per second: constant over `durationSec`, or a curve. */
  readonly perSec?: number
  readonly curve?: RateCurve
  readonly durationSec?: number
  /** Default: the scenario's. */
  readonly seed?: number
  /** Clicks of one shopper, default 4. */
  readonly clicksPerShopper?: number
  readonly second?: (sec: number, perSec: number) => SecondSpec
  /** Seconds after the curve's end in which sessions still click. */
  readonly tailSec?: number
  /** What the engine says of itself, where it differs from a healthy engine; `null`: it never said anything. */
  readonly engine?: Partial<EngineEnd> | null
  readonly aborted?: string
  readonly abortedBy?: 'rule' | 'ceiling'
  /** Replaces the orders derived from the checkouts that went right. */
  readonly orders?: readonly Pick<OrderLine, 'id' | 'value'>[]
  /** Lines beside the derived ones: further series, slots. */
  readonly extra?: (at: { readonly segment: number; readonly startUs: number }) => readonly RecordLine[]
}

/** Share of the clicks that are checkouts. */
const CHECKOUT_SHARE = 0.05
const ORDER_VALUE = 50

/** A response-time histogram of n clicks with this mean: exact quantiles, no randomness. */
function timesUs(n: number, meanMs: number, spread: 'fixed' | 'exponential'): HistogramPairs {
  const histogram = newHistogram()
  for (let i = 0; i < n; i++) {
    const factor = spread === 'fixed' ? 1 : -Math.log(1 - (i + 0.5) / n)
    recordUs(histogram, meanMs * 1000 * factor)
  }
  return toPairs(histogram)
}

/** One slot line of clicks; `patch` says what is different from 20 clicks on the home page, all right in 50 ms. */
export function slot(
  patch: Partial<SlotLine> & { readonly responseMs?: number; readonly spread?: 'fixed' | 'exponential' },
): SlotLine {
  const { responseMs = 50, spread = 'fixed', ...line } = patch
  const n = line.n ?? 20
  return {
    kind: 'slot',
    segment: 0,
    sec: 0,
    of: 'click',
    route: 'GET /',
    outcome: 'ok',
    n,
    timesUs: timesUs(n, responseMs, spread),
    ...line,
  }
}

/** One series line. */
export function series(
  atUs: number,
  probe: ProbeName,
  role: ComponentRole,
  component: string,
  values: Readonly<Record<string, number>>,
): SeriesLine {
  return { kind: 'series', atUs, probe, role, component, values }
}

/** M/M/1 with this capacity in shoppers/s, in a second with this load: the response grows as 1 ÷ (1 − ρ); beyond
 *  ρ = 0.97 half of the clicks time out. */
export function mm1Second(perSec: number, capacityPerSec: number, serviceMs = 20): SecondSpec {
  const load = perSec / capacityPerSec
  const busy = Math.min(1, load)
  if (load >= 0.97) {
    return { responseMs: 2000, errorRatio: 0.5, outcome: 'given-up', databaseBusy: 1, poolWaiting: 20 }
  }
  return { responseMs: serviceMs / (1 - load), databaseBusy: busy, appBusy: busy / 2 }
}

/** Every line of one segment, its end included; `nextUs` is when the next one may start. */
export function segmentLines(
  spec: SegmentSpec,
  segment: number,
  startUs: number,
  plan: Omit<LoadPlan, 'purpose' | 'curve' | 'fillSec' | 'ending'>,
): { readonly lines: readonly RecordLine[]; readonly nextUs: number } {
  const purpose = spec.purpose ?? 'step'
  const curve = spec.curve ?? [
    { atSec: 0, perSec: spec.perSec ?? 10 },
    { atSec: spec.durationSec ?? 4, perSec: spec.perSec ?? 10 },
  ]
  const durationSec = curve.at(-1)?.atSec ?? 0
  const lines: RecordLine[] = []
  const step = purpose === 'step'
  lines.push({
    kind: 'segment',
    segment,
    arm: spec.arm ?? 0,
    purpose,
    startUs,
    plan: {
      ...plan,
      ...(spec.seed !== undefined && { seed: spec.seed }),
      purpose,
      curve,
      fillSec: step ? 20 : 0,
      ending: step ? 'cut' : 'finish',
    },
  })
  let clicksIntended = 0
  let attempts = 0
  let inFlightMs = 0
  let orders = 0
  const seconds = durationSec + (spec.tailSec ?? 0)
  for (let sec = 0; sec < seconds; sec++) {
    const perSec = meanRate(curve, sec, sec + 1)
    const how = spec.second?.(sec, perSec) ?? {}
    const clicks = how.clicks ?? Math.round(perSec * (spec.clicksPerShopper ?? 4))
    const patienceMs = plan.patience.timeoutMs * (1 + plan.patience.reloads)
    for (const [route, n] of sharedOut(clicks, sec)) {
      const responseMs = how.routes?.[route]?.responseMs ?? how.responseMs ?? 20
      const failed = Math.round(n * (how.routes?.[route]?.errorRatio ?? how.errorRatio ?? 0))
      const ok = n - failed
      const common = { segment, sec, route }
      if (ok > 0) lines.push(slot({ ...common, n: ok, responseMs, spread: how.spread ?? 'exponential' }))
      if (failed > 0) {
        const outcome = how.outcome ?? 'given-up'
        lines.push(slot({ ...common, n: failed, outcome, responseMs: patienceMs }))
      }
      const tried = Math.round(n * (how.attemptsPerClick ?? 1))
      // Who was turned away was so at every attempt.
      const away = how.outcome === 'shed' || how.outcome === 'queued' ? Math.min(tried, failed) : 0
      if (away > 0)
        lines.push(slot({ ...common, of: 'attempt', n: away, outcome: how.outcome!, responseMs: 1 }))
      if (tried > away) lines.push(slot({ ...common, of: 'attempt', n: tried - away, responseMs }))
      attempts += tried
      inFlightMs += ok * responseMs + failed * patienceMs
      for (let i = 0; route === 'POST /checkout' && i < ok && !spec.orders; i++) {
        lines.push(orderLine(segment, startUs + sec * 1e6 + i, `${segment}-${orders++}`, ORDER_VALUE))
      }
    }
    clicksIntended += clicks
    lines.push(...readings(how, startUs + (sec + 1) * 1e6, clicks))
  }
  for (const order of spec.orders ?? []) lines.push(orderLine(segment, startUs, order.id, order.value))
  // As in a real run, the engine reports a little after the last reading.
  const endUs = startUs + (Math.ceil(seconds) + 0.5) * 1e6
  if (spec.engine !== null) {
    const planned = poissonCounts(
      durationSec * 10,
      (window) => meanRate(curve, window / 10, (window + 1) / 10) / 10,
      7,
    )
    const sessions = planned.reduce((sum, n) => sum + n, 0)
    const engine: EngineEnd = {
      durationSec,
      sessionsIntended: sessions,
      sessionsStarted: sessions,
      clicksIntended,
      clicksDone: clicksIntended,
      attemptsSent: attempts,
      sendLagUs: timesUs(clicksIntended, 0.4, 'exponential'),
      arrivalsPlanned: planned,
      arrivalsActual: planned,
      cpuCores: 0.1,
      loopDelayP99Ms: 12,
      inFlightMean: inFlightMs / 1000 / seconds,
      ...spec.engine,
    }
    lines.push({
      kind: 'segment-end',
      segment,
      atUs: endUs,
      aborted: spec.aborted ?? null,
      ...(spec.abortedBy && { abortedBy: spec.abortedBy }),
      engine,
    })
  }
  lines.push(...(spec.extra?.({ segment, startUs }) ?? []))
  return { lines, nextUs: endUs + 1e6 }
}

/** Clicks of one second by route, in whole numbers. Checkouts come by turns, so that they keep their share. */
function sharedOut(clicks: number, sec: number): readonly (readonly [string, number])[] {
  const checkouts =
    Math.floor((sec + 1) * clicks * CHECKOUT_SHARE) - Math.floor(sec * clicks * CHECKOUT_SHARE)
  const home = Math.round((clicks - checkouts) * 0.25)
  const categories = Math.round((clicks - checkouts) * 0.3)
  return [
    ['GET /', home],
    ['GET /categories/:id', categories],
    ['GET /products/:id', clicks - checkouts - home - categories],
    ['POST /checkout', checkouts],
  ]
}

function orderLine(segment: number, atUs: number, id: string, value: number): OrderLine {
  return { kind: 'order', segment, atUs, id, value, currency: 'EUR' }
}

function readings(how: SecondSpec, atUs: number, clicks: number): SeriesLine[] {
  const database = how.databaseBusy ?? 0.3
  const app = how.appBusy ?? 0.2
  const others = how.othersCores ?? 0
  const steal = how.stealCores ?? 0
  const ours = 0.2 * database + 0.3 * app + 0.15
  const lock = how.lockQueue ?? 0
  return [
    series(atUs, 'cpu', 'database', 'database', {
      usedCores: 0.2 * database,
      budgetCores: 0.2,
      busyRatio: database,
      throttledRatio: database >= 0.95 ? 0.9 : 0,
    }),
    series(atUs, 'cpu', 'app', 'app-1', {
      usedCores: 0.3 * app,
      budgetCores: 0.3,
      busyRatio: app,
      throttledRatio: app >= 0.95 ? 0.9 : 0,
    }),
    series(atUs, 'database', 'database', 'database', { sessionsActive: database + lock, sessionsLock: lock }),
    series(atUs, 'app', 'app', 'app-1', { poolMax: 10, poolWaiting: how.poolWaiting ?? 0 }),
    series(atUs, 'generator', 'generator', 'generator', {
      intended: clicks,
      sent: clicks,
      completed: how.completed ?? clicks,
      cpuCores: how.generatorCores ?? 0.1,
      loopDelayP99Ms: how.generatorLoopMs ?? 3,
    }),
    series(atUs, 'host', 'host', 'host', {
      busyCores: Math.min(2, ours + others),
      ourCores: ours,
      othersCores: others,
      stealCores: steal,
      cores: 2,
    }),
  ]
}
