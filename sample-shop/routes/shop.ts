import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Database } from '../data/database.ts'
import type { PageCache } from '../data/page-cache.ts'
import type { PopularProducts } from '../data/popular-products.ts'
import type { Reads } from '../data/replicas.ts'
import type { SessionStore } from '../data/session-store.ts'
import type { Degradation } from '../domain/degradation.ts'
import type { Passwords } from '../domain/password.ts'
import type { Payments } from '../domain/payments.ts'
import type { Sweeper } from '../domain/sweep-reservations.ts'
import type { Telemetry } from '../telemetry.ts'

/** What every route is given. */
export type Shop = {
  readonly config: Config
  readonly database: Database
  readonly telemetry: Telemetry
  readonly log: Logger
  readonly sessions: SessionStore
  readonly passwords: Passwords
  readonly payments: Payments
  readonly sweeper: Sweeper
  // `null`: switched off.
  readonly cache: PageCache | null
  readonly replicas: Reads | null
  readonly degradation: (Degradation & { readonly popular: PopularProducts }) | null
}
