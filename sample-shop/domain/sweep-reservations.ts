import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { type Database, inTransaction } from '../data/database.ts'
import { expireReservations, lookForExpired } from '../data/reservations.ts'

export type Sweeper = {
  /** A reservation was made here: it will expire. */
  wake(): void
  /** No sweep begins any more; resolves when the one under way is over. */
  stop(): Promise<void>
}

/**
 * Gives the pieces of expired reservations back, from now on, in every instance: each takes what no other is at. An
 * instance that knows of no open reservation looks only now and then whether another left some: a shop that reserves
 * nothing should not notice.
 */
export function startSweeper(config: Config, database: Database, log: Logger): Sweeper {
  const { reservationSweepMs, reservationLookMs, reservationSweepBatch: batch } = config
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  let awake = true
  let wokenMeanwhile = false

  /** One transaction's worth; true when there is more to do at once. */
  const sweepOnce = (): Promise<boolean> =>
    database.hold({ queueMs: 0, poolMs: 0, dbMs: 0, cacheMs: 0 }, async (connection) => {
      wokenMeanwhile = false
      const { open, expired } = await lookForExpired(connection)
      awake = open || wokenMeanwhile
      if (!expired) return false
      return (await inTransaction(connection, () => expireReservations(connection, batch))) === batch
    })

  const sweep = async (): Promise<void> => {
    try {
      while (!stopped && (await sweepOnce()));
    } catch (error) {
      log.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'cannot sweep reservations',
      )
    }
    schedule()
  }

  function schedule(): void {
    if (stopped) return
    if (timer) clearTimeout(timer)
    timer = setTimeout(run, awake ? reservationSweepMs : reservationLookMs)
    timer.unref()
  }

  let sweeping: Promise<void> | null = null
  function run(): void {
    sweeping = sweep().finally(() => {
      sweeping = null
    })
  }

  // Not before: the first look would have the pool open a connection more than it should.
  void database.opened.then(run)
  return {
    wake() {
      wokenMeanwhile = true
      if (awake) return
      awake = true
      // A sweep under way schedules the next one itself.
      if (!sweeping) schedule()
    },
    async stop() {
      stopped = true
      if (timer) clearTimeout(timer)
      await sweeping
    },
  }
}
