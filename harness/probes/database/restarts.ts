import type { Row } from './connection.ts'

/**
 * When the server was started, and when two of its own processes were. All of them end and come back when a backend is
 * killed: the checkpointer first, before recovery (since Postgres 15; up to 14 after it), the walwriter when connections
 * are taken again.
 */
export const RESTARTS_SQL = `select /* doorbuster-probe restarts */
       extract(epoch from pg_postmaster_start_time()),
       extract(epoch from min(backend_start) filter (where backend_type = 'checkpointer')),
       extract(epoch from min(backend_start) filter (where backend_type = 'walwriter')),
       current_setting('server_version_num')
  from pg_stat_activity`

export type Incarnation = {
  readonly server: string
  readonly checkpointerSec: number
  readonly walwriterSec: number
  /** Whether the checkpointer runs before recovery, so that its age tells when that began. */
  readonly tellsRecovery: boolean
}

const CHECKPOINTS_DURING_RECOVERY = 150_000

/** `null` while one of the processes is missing. */
export function readIncarnation([server, checkpointer, walwriter, version]: Row): Incarnation | null {
  if (server == null || checkpointer == null || walwriter == null) return null
  return {
    server,
    checkpointerSec: Number(checkpointer),
    walwriterSec: Number(walwriter),
    tellsRecovery: Number(version) >= CHECKPOINTS_DURING_RECOVERY,
  }
}

/** A server that was stopped and started is another one: that was no crash. */
export function restartValues(now: Incarnation | null, before: Incarnation | null): Record<string, number> {
  if (!now || !before || now.server !== before.server) return {}
  if (now.checkpointerSec === before.checkpointerSec) return { restarts: 0 }
  const recoveryMs = Math.max(0, 1000 * (now.walwriterSec - now.checkpointerSec))
  return { restarts: 1, ...(now.tellsRecovery && { recoveryMs }) }
}
