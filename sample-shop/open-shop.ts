import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { openDatabase } from './data/database.ts'
import { openPageCache } from './data/page-cache.ts'
import { keepPopularProducts } from './data/popular-products.ts'
import { redisSessions } from './data/redis-sessions.ts'
import { openReplicas } from './data/replicas.ts'
import { postgresSessions } from './data/session-store.ts'
import { watchDegradation } from './domain/degradation.ts'
import { openPasswords } from './domain/password.ts'
import { openPayments } from './domain/payments.ts'
import { startSweeper } from './domain/sweep-reservations.ts'
import type { Shop } from './routes/shop.ts'
import { openTelemetry } from './telemetry.ts'

/** Puts together what the routes are given. Parts that are switched off are not there at all. */
export function openShop(config: Config, log: Logger): Shop & { close(): Promise<void> } {
  const telemetry = openTelemetry()
  const degrading = watchDegradation(config, telemetry)
  const database = openDatabase(config, degrading?.telemetry ?? telemetry, log)
  const replicas = openReplicas(config, database, telemetry, log)
  const cache = openPageCache(config, telemetry, log)
  const kept = config.sessions === 'redis' ? redisSessions(config, log) : null
  const sweeper = startSweeper(config, database, log)
  const popular = degrading && keepPopularProducts(config, database, degrading.isOn, log)
  return {
    config,
    log,
    telemetry,
    database,
    replicas,
    cache,
    degradation: degrading && popular && { ...degrading, popular },
    payments: openPayments(config, telemetry),
    sweeper,
    sessions: kept ?? postgresSessions,
    passwords: openPasswords(config.passwordCost, config.passwordsAtOnce),
    async close() {
      telemetry.close()
      popular?.close()
      cache?.close()
      kept?.disconnect()
      await sweeper.stop()
      await Promise.all([replicas?.close(), database.close()])
    },
  }
}
