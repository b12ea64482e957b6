import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Database } from '../data/database.ts'
import type { Sweeper } from '../domain/sweep-reservations.ts'
import type { Telemetry } from '../telemetry.ts'

/** What every route is given. */
export type Shop = {
  readonly config: Config
  readonly database: Database
  readonly telemetry: Telemetry
  readonly log: Logger
  /** Absent: nobody gives expired reservations back here. */
  readonly sweeper?: Sweeper
}
