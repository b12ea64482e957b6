import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CleanUpList, readCleanUpList } from '../supervisor/clean-up-list.ts'
import { isRunning, type ProcessRef, processRef, statFields, treeOf } from '../supervisor/process-tree.ts'

/** What a run has on this machine while it runs, to be looked for when it should be gone. */
export type Traces = {
  readonly folder: string
  readonly list: CleanUpList
  readonly processes: readonly ProcessRef[]
}

/** Everything the run of that harness process left its mark on. */
export function tracesOf(harnessPid: number): Traces {
  const name = readdirSync(tmpdir()).find((entry) => entry.startsWith(`doorbuster-${harnessPid}-`))
  if (!name) throw new Error(`process ${harnessPid} has no run folder`)
  const folder = join(tmpdir(), name)
  const list = readCleanUpList(folder)
  if (!list?.supervisor) throw new Error(`no clean-up list in ${folder}`)
  const pids = [...list.processes, list.supervisor].flatMap(({ pid }) => treeOf(pid))
  return { folder, list, processes: pids.map(processRef) }
}

/** What is left of a run, in words; empty when nothing is. */
export function leftOf({ folder, list, processes }: Traces): readonly string[] {
  return [
    ...processes.filter(isRunning).map(({ pid }) => `process ${pid}, state ${statFields(pid)?.[0]}`),
    ...list.cgroups.filter(existsSync).map((path) => `control group ${path}`),
    ...list.files.filter(existsSync).map((path) => `file ${path}`),
    ...(existsSync(folder) ? [`folder ${basename(folder)}`] : []),
  ]
}

/** Waits until nothing is left, or the time is up; what is left then. */
export async function leftAfter(traces: Traces, withinMs: number): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs
  while (leftOf(traces).length > 0 && performance.now() < deadline) await sleep(50)
  return leftOf(traces)
}
