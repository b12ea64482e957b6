import { setTimeout as sleep } from 'node:timers/promises'
import type { ActOf } from '../../../core/faults/fault.ts'
import { type Query, withClient } from '../../postgres-connection.ts'
import { doneUntil, type Inject, notDone } from './injecting.ts'

const POLL_MS = 10
/** A commit that its apply delay holds back is not shown either: it need not be waited for. */
const PAUSED_WITHIN_MS = 1000

/** The replica's own switch. What has come meanwhile is replayed afterwards, also by one that was started again. */
export const pauseReplay: Inject<ActOf<'pause-replay'>> = async ({ target }, { serverOf, stand }) => {
  const server = serverOf(target)
  const pid = stand.replicaPid(target)
  if (!server || pid === null) return notDone(`no ${target} runs here`)
  const { connectionString, exempt } = server
  await withClient(connectionString, pauseNow, exempt)
  return doneUntil(async (afterwards) => {
    // A standby that was started anew replays.
    if (afterwards === 'down' || stand.replicaPid(target) !== pid) return
    await withClient(connectionString, (query) => query('select pg_wal_replay_resume()'), exempt)
  })
}

async function pauseNow(query: Query): Promise<void> {
  await query('select pg_wal_replay_pause()')
  const deadline = performance.now() + PAUSED_WITHIN_MS
  while (performance.now() < deadline) {
    const [row] = await query(`select pg_get_wal_replay_pause_state() = 'paused' as paused`)
    if (row?.['paused'] === true) return
    await sleep(POLL_MS)
  }
}
