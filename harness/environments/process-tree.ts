import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with the same id: `startTicks` is from /proc/PID/stat. */
export type ProcessRef = { readonly pid: number; readonly startTicks: number | null }

const onLinux = process.platform === 'linux'

/** Fields of /proc/PID/stat after the command name, or `null` when there is no such process (proc(5): field n is [n − 3]). */
export function statFields(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

/** The process that has this id now; its start time is `null` where /proc does not tell it. */
export function processRef(pid: number): ProcessRef {
  const fields = onLinux ? statFields(pid) : null
  return { pid, startTicks: fields ? Number(fields[19]) : null }
}

/** Whether that very process still runs; a zombie and a later process with the same id do not count. */
export function isRunning(ref: ProcessRef): boolean {
  if (onLinux) {
    const fields = statFields(ref.pid)
    if (!fields || fields[0] === 'Z' || fields[0] === 'X') return false
    return ref.startTicks === null || Number(fields[19]) === ref.startTicks
  }
  try {
    process.kill(ref.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Ids of a process and of everything it started that still runs, the root first. */
export function treeOf(rootPid: number): readonly number[] {
  const childrenOf = onLinux ? childrenFromProc : childrenFrom(allParents())
  const pids = [rootPid]
  for (let at = 0; at < pids.length; at++) pids.push(...childrenOf(pids[at]!))
  return pids
}

/** Ids of the process that started this one, of the one that started that, and so on; none where there is no /proc. */
export function parentsOf(pid: number): readonly number[] {
  const parents: number[] = []
  for (let at = Number(statFields(pid)?.[1] ?? 0); at > 0; at = Number(statFields(at)?.[1] ?? 0))
    parents.push(at)
  return parents
}

/** Name of the program that a process runs; `null` when it is gone. */
export function commandOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim()
  } catch {
    return null
  }
}

/** Children started by any thread of the process; listing /proc is the fallback of kernels without `children` files. */
function childrenFromProc(pid: number): readonly number[] {
  const children: number[] = []
  for (const tid of threadsOf(pid)) {
    const found = childrenOfThread(pid, tid)
    if (found === null) return childrenFrom(allParents())(pid)
    children.push(...found)
  }
  return children
}

/** Thread ids of a process; none when it is gone. */
export function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

/** Children started by one thread; `null` when the kernel has no `children` files. */
export function childrenOfThread(pid: number, tid: number): readonly number[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return kernelHasChildrenFiles() ? [] : null
  }
}

function kernelHasChildrenFiles(): boolean {
  try {
    readFileSync(`/proc/${process.pid}/task/${process.pid}/children`)
    return true
  } catch {
    return false
  }
}

function allParents(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>()
  if (onLinux) {
    for (const name of readdirSync('/proc')) {
      const pid = Number(name)
      const fields = Number.isInteger(pid) ? statFields(pid) : null
      if (fields) parents.set(pid, Number(fields[1]))
    }
    return parents
  }
  for (const line of execFileSync('ps', ['-axo', 'pid=,ppid=']).toString().trim().split('\n')) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number)
    parents.set(pid!, parent!)
  }
  return parents
}

function childrenFrom(parents: ReadonlyMap<number, number>): (pid: number) => readonly number[] {
  return (pid) => [...parents].filter(([, parent]) => parent === pid).map(([child]) => child)
}

/** Sends a signal; a process that is gone or not ours is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone between looking and signalling: that is what was wanted.
  }
}
