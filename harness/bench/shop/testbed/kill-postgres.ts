import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, processRef, treeOf } from '../../../environments/process-tree.ts'
import type { Running } from '../../../ports.ts'

const POLL_MS = 5

/** Kills the postmaster and every process it started (SIGKILL), and waits until they are gone; gives how many. */
export async function killPostgres(query: Running['query']): Promise<number> {
  const [file] = await query(`select pg_read_file('postmaster.pid') as text`)
  const postmaster = Number(String(file?.['text']).split('\n')[0])
  // Stopped first: it must not start another one, or see to those that die, while they are listed.
  process.kill(postmaster, 'SIGSTOP')
  const members = treeOf(postmaster).map(processRef)
  for (const { pid } of members) kill(pid)
  while (members.some(isRunning)) await sleep(POLL_MS)
  return members.length
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // A backend whose client had just left.
  }
}
