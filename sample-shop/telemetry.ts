import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

const LOOP_RESOLUTION_MS = 20
const WAIT_BUCKETS_SEC = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** What the pool looks like at this moment. */
export type PoolState = {
  readonly max: number
  readonly total: number
  readonly idle: number
  readonly waiting: number
}

export type Telemetry = {
  readonly registry: Registry
  /** Where the pool gauges look when they are read. */
  watchPool(read: () => PoolState): void
  poolWaited(seconds: number): void
  poolHeld(seconds: number): void
  poolTimedOut(): void
  /** The database had no connection left to give. */
  connectionRefused(): void
  queried(name: string, seconds: number): void
  answered(route: string, status: number): void
  ordered(cents: number): void
  close(): void
}

/** The shop's own numbers, in a registry of its own: cheap to keep, and read only when scraped. */
export function openTelemetry(): Telemetry {
  const registry = new Registry()
  const registers = [registry]
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, registers, buckets: WAIT_BUCKETS_SEC })
  const counter = (name: string, help: string) => new Counter({ name, help, registers })

  let readPool = (): PoolState => ({ max: 0, total: 0, idle: 0, waiting: 0 })
  const poolGauge = (field: keyof PoolState, help: string) =>
    new Gauge({
      name: `shop_pool_${field}`,
      help,
      registers,
      collect() {
        this.set(readPool()[field])
      },
    })
  poolGauge('max', 'Connections the pool may have.')
  poolGauge('total', 'Connections the pool has.')
  poolGauge('idle', 'Connections nobody uses.')
  poolGauge('waiting', 'Requests waiting for a connection.')

  const wait = histogram('shop_pool_wait_seconds', 'Wait for a connection of the pool.')
  const held = histogram('shop_pool_held_seconds', 'Time a connection was held.')
  const timeouts = counter('shop_pool_timeouts_total', 'Requests that got no connection in time.')
  const refused = counter(
    'shop_connections_refused_total',
    'Requests for which the database refused a connection: it has too many.',
  )
  const query = new Histogram({
    name: 'shop_query_seconds',
    help: 'Statement sent to rows received.',
    registers,
    labelNames: ['name'] as const,
    buckets: WAIT_BUCKETS_SEC,
  })
  const requests = new Counter({
    name: 'shop_requests_total',
    help: 'Answers, without /metrics and the health routes.',
    registers,
    labelNames: ['route', 'status'] as const,
  })
  const orders = counter('shop_orders_total', 'Orders confirmed by this instance.')
  const revenue = counter('shop_revenue_cents_total', 'Value of those orders.')
  const closeLoop = watchEventLoop(registry)

  return {
    registry,
    watchPool: (read) => {
      readPool = read
    },
    poolWaited: (seconds) => wait.observe(seconds),
    poolHeld: (seconds) => held.observe(seconds),
    poolTimedOut: () => timeouts.inc(),
    connectionRefused: () => refused.inc(),
    queried: (name, seconds) => query.observe({ name }, seconds),
    answered: (route, status) => requests.inc({ route, status }),
    ordered: (cents) => {
      orders.inc()
      revenue.inc(cents)
    },
    close: closeLoop,
  }
}

/** Event-loop gauges, each over the time since the previous scrape. */
function watchEventLoop(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  delay.enable()
  new Gauge({
    name: 'shop_event_loop_delay_p99_seconds',
    help: 'How late timers fire, 99th percentile since the last scrape.',
    registers: [registry],
    collect() {
      // Node records the whole interval between two firings, so the interval asked for is taken off.
      const lateMs = delay.count === 0 ? 0 : delay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS
      this.set(Math.max(0, lateMs) / 1000)
      delay.reset()
    },
  })
  let last = performance.eventLoopUtilization()
  new Gauge({
    name: 'shop_event_loop_utilisation',
    help: 'Share of the time the event loop was busy since the last scrape, 0..1.',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, last).utilization)
      last = now
    },
  })
  return () => delay.disable()
}
