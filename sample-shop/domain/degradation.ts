import { performance } from 'node:perf_hooks'
import { Counter, Gauge } from 'prom-client'
import type { Config } from '../config.ts'
import type { PoolState, Telemetry } from '../telemetry.ts'
import { poolPressure } from './pool-pressure.ts'

/** Whether the dear pages are given up for the others' sake. */
export type Degradation = {
  isOn(): boolean
  /** The popular products were shown in this page's place. */
  substituted(page: string): void
  /** Telemetry that also hears here how long requests wait for the pool. */
  readonly telemetry: Telemetry
}

/** What `SHOP_DEGRADE` asks for; `null` for never. */
export function watchDegradation(config: Config, telemetry: Telemetry): Degradation | null {
  if (config.degrade === 'off') return null
  const pressure = poolPressure({ limitMs: config.degradePoolWaitMs, calmMs: config.degradeCalmMs })
  let readPool: () => Pick<PoolState, 'waiting'> = () => ({ waiting: 0 })
  const isOn = () => config.degrade === 'on' || pressure.isHigh(readPool().waiting, performance.now())
  new Gauge({
    name: 'shop_degraded',
    help: '1 while best sellers and search show popular products instead.',
    registers: [telemetry.registry],
    collect() {
      this.set(Number(isOn()))
    },
  })
  const substitutes = new Counter({
    name: 'shop_substitutes_total',
    help: 'Pages for which popular products were shown instead.',
    registers: [telemetry.registry],
    labelNames: ['page'] as const,
  })
  const listening: Telemetry = {
    ...telemetry,
    watchPool(read) {
      readPool = read
      telemetry.watchPool(read)
    },
    poolWaited(seconds) {
      pressure.waited(1000 * seconds, performance.now())
      telemetry.poolWaited(seconds)
    },
  }
  return { isOn, substituted: (page) => substitutes.inc({ page }), telemetry: listening }
}
