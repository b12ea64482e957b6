import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOurFolder } from '../is-our-folder.ts'
import { isRunning, processRef } from '../process-tree.ts'
import { readCleanUpList } from './supervisor/clean-up-list.ts'
import { takeDown } from './supervisor/take-down.ts'

const NAME = /^doorbuster-(\d+)-/

/**
 * Ends and removes what earlier runs left whose harness and supervisor were both killed; gives the folders swept.
 * A folder counts as ours only when this user owns it and nobody else can write to it.
 */
export async function sweepLeftovers(): Promise<readonly string[]> {
  const swept: string[] = []
  for (const name of readdirSync(tmpdir())) {
    const pid = NAME.exec(name)?.[1]
    const folder = join(tmpdir(), name)
    if (pid === undefined || !isOurFolder(folder)) continue
    const list = readCleanUpList(folder)
    if (!list) {
      if (isRunning(processRef(Number(pid)))) continue
      rmSync(folder, { recursive: true, force: true })
    } else {
      // A harness that was just killed still has its supervisor at work.
      if (isRunning(list.harness) || (list.supervisor && isRunning(list.supervisor))) continue
      await takeDown(
        { ...list, processes: list.processes.filter(({ startTicks }) => startTicks !== null) },
        folder,
      )
    }
    swept.push(folder)
  }
  return swept
}
