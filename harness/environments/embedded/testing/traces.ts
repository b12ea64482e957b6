import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, type ProcessRef, processRef, statFields, treeOf } from '../../process-tree.ts'
import { mountOf } from '../budgets/mount-of.ts'
import { type CleanUpList, readCleanUpList } from '../supervisor/clean-up-list.ts'
import { segmentsOf, sharedMemoryOf } from '../supervisor/shared-memory.ts'

/** What a run has on this machine while it runs, to be looked for when it should be gone. */
export type Traces = {
  readonly folder: string
  readonly list: CleanUpList
  readonly processes: readonly ProcessRef[]
  /** Sockets that listen, by the numbers the kernel gives them: a port may be another's the next moment. */
  readonly listening: readonly string[]
  /** Files of shared memory. */
  readonly memory: readonly string[]
  /** Ids of System V segments. */
  readonly segments: readonly string[]
}

/** Everything the run of that harness process left its mark on. */
export function tracesOf(harnessPid: number): Traces {
  const name = readdirSync(tmpdir()).find((entry) => entry.startsWith(`doorbuster-${harnessPid}-`))
  if (!name) throw new Error(`process ${harnessPid} has no run folder`)
  const folder = join(tmpdir(), name)
  const list = readCleanUpList(folder)
  if (!list?.supervisor) throw new Error(`no clean-up list in ${folder}`)
  const pids = [...list.processes, list.supervisor].flatMap(({ pid }) => treeOf(pid))
  const sockets = new Set(pids.flatMap(socketsOf))
  const data = readdirSync(folder).filter((entry) => entry.startsWith('data'))
  return {
    folder,
    list,
    processes: pids.map(processRef),
    listening: listeningSockets().filter((inode) => sockets.has(inode)),
    memory: sharedMemoryOf(pids),
    segments: data.flatMap((entry) => segmentsOf(join(folder, entry))),
  }
}

/** What is left of a run, in words; empty when nothing is. */
export function leftOf(traces: Traces): readonly string[] {
  const { folder, list, processes, listening, memory, segments } = traces
  const left = {
    sockets: new Set(listeningSockets()),
    segments: new Set(column('/proc/sysvipc/shm', 1)),
  }
  return [
    ...processes.filter(isRunning).map(({ pid }) => `process ${pid}, state ${statFields(pid)?.[0]}`),
    ...named(folder).map((pid) => `process ${pid}, which names the run's folder`),
    ...[...new Set([...list.cgroups, ...groupsOf(folder)])]
      .filter(existsSync)
      .map((path) => `control group ${path}`),
    ...[...new Set([...list.files, ...memory])].filter(existsSync).map((path) => `file ${path}`),
    ...listening.filter((inode) => left.sockets.has(inode)).map((inode) => `listening socket ${inode}`),
    ...segments.filter((id) => left.segments.has(id)).map((id) => `shared memory segment ${id}`),
    ...(existsSync(folder) ? [`folder ${basename(folder)}`] : []),
  ]
}

/** Waits until nothing is left, or the time is up; what is left then. */
export async function leftAfter(traces: Traces, withinMs: number): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs
  while (leftOf(traces).length > 0 && performance.now() < deadline) await sleep(50)
  return leftOf(traces)
}

/** The kernel's numbers of the sockets a process has open. */
function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]
      return inode === undefined ? [] : [inode]
    })
  } catch {
    return []
  }
}

/** Of every process: in state 0A (listening), by number (proc(5), /proc/net/tcp). */
function listeningSockets(): readonly string[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    rows(table)
      .filter((row) => row[3] === '0A')
      .map((row) => row[9] ?? ''),
  )
}

/** Processes whose command line names the run's folder. */
function named(folder: string): readonly number[] {
  return pids().filter((pid) => pid !== process.pid && commandLine(pid).includes(folder))
}

/** Control groups that bear the run's name, wherever the budgets may have made one. */
function groupsOf(folder: string): readonly string[] {
  return ['cpu', 'cpuacct', 'memory'].flatMap((controller) => {
    const mount = mountOf(controller)
    return mount === null ? [] : [join(mount, basename(folder))]
  })
}

function pids(): readonly number[] {
  return existsSync('/proc') ? readdirSync('/proc').map(Number).filter(Number.isInteger) : []
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function column(table: string, index: number): readonly string[] {
  return rows(table).map((row) => row[index] ?? '')
}

function rows(table: string): readonly (readonly string[])[] {
  if (!existsSync(table)) return []
  return readFileSync(table, 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
}
