import { setTimeout as sleep } from 'node:timers/promises'
import { HarnessError } from '../core/errors.ts'
import { type DatabaseServer, databaseUrl, SUPERUSER, withClient } from './postgres-connection.ts'

/** A streaming standby of a primary, and where it answers. */
export type Standby = { readonly component: string; readonly server: DatabaseServer }

/** Longest wait for a standby to have replayed what the primary had written, its apply delay lifted. */
const CATCH_UP_WITHIN_MS = 30_000
const POLL_MS = 20

/** Makes a standby show each commit so long after it was made from now on. */
export async function setApplyDelay({ server }: Standby, delayMs: number): Promise<void> {
  await withClient(databaseUrl(server, SUPERUSER, 'postgres'), async (query) => {
    await query(`alter system set recovery_min_apply_delay = ${delayMs}`)
    await query('select pg_reload_conf()')
  })
}

/**
 * Waits until every standby has replayed all that the primary has flushed by now. Their apply delay is lifted meanwhile:
 * what they are to catch up with is ours, no shopper's.
 * @throws HarnessError `environment` when one is not there within 30 s.
 */
export async function caughtUp(
  primary: DatabaseServer,
  standbys: readonly Standby[],
  applyDelayMs: number,
): Promise<void> {
  if (standbys.length === 0) return
  const [row] = await withClient(databaseUrl(primary, SUPERUSER, 'postgres'), (query) =>
    query('select pg_current_wal_flush_lsn()::text as written'),
  )
  const written = String(row?.['written'])
  await Promise.all(
    standbys.map(async (standby) => {
      if (applyDelayMs > 0) await setApplyDelay(standby, 0)
      await replayed(standby, written)
      if (applyDelayMs > 0) await setApplyDelay(standby, applyDelayMs)
    }),
  )
}

async function replayed({ component, server }: Standby, written: string): Promise<void> {
  const deadline = performance.now() + CATCH_UP_WITHIN_MS
  await withClient(databaseUrl(server, SUPERUSER, 'postgres'), async (query) => {
    for (;;) {
      const [row] = await query(
        `select pg_last_wal_replay_lsn() >= $1::pg_lsn as there,
                pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn())::float8 as behind`,
        [written],
      )
      if (row?.['there'] === true) return
      if (performance.now() > deadline) throw notCaughtUp(component, Number(row?.['behind']))
      await sleep(POLL_MS)
    }
  })
}

function notCaughtUp(component: string, behindBytes: number): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${component} is still ${Math.round(behindBytes)} bytes behind the primary after ${CATCH_UP_WITHIN_MS / 1000} s`,
    where: component,
    hint: 'the machine may be too busy for one more database: try fewer replicas (--set topology.database.replicas=0)',
  })
}
