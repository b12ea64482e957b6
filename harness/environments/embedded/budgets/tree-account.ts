import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { childrenOfThread, statFields, threadsOf } from '../../process-tree.ts'

/** Kernel ticks in /proc/PID/stat are USER_HZ = 100 per second on every Linux platform. */
const NS_PER_TICK = 10_000_000
/** Looking for new threads costs a directory listing per process: every tenth scan is enough. */
const SCANS_PER_THREAD_SCAN = 10

type Thread = { readonly fd: number; ns: number }
type Watched = {
  readonly pid: number
  readonly threads: Map<number, Thread>
  seenNs: number
  exempt: boolean
}

/** Whether the CPU of a process can be read here. */
export function hasSchedstat(): boolean {
  return existsSync('/proc/self/schedstat')
}

const buffer = Buffer.alloc(96)

/** Time on CPU in ns, the first number of a schedstat file; −1 when the thread is gone. */
function readNs(fd: number): number {
  let length: number
  try {
    length = readSync(fd, buffer, 0, buffer.length, 0)
  } catch {
    return -1
  }
  let ns = 0
  for (let at = 0; at < length; at++) {
    const digit = buffer[at]! - 48
    if (digit < 0 || digit > 9) break
    ns = ns * 10 + digit
  }
  return length === 0 ? -1 : ns
}

/**
 * CPU used by a process and everything it starts, from /proc/PID/task/TID/schedstat with descriptors kept open
 * (listing /proc at each reading would cost half a core). Children that came and went between two scans are counted
 * from the root's time of reaped children, so a storm of short-lived processes is charged too.
 */
export class TreeAccount {
  readonly #watched = new Map<number, Watched>()
  #rootPid: number | null = null
  #usedNs = 0
  #goneSeenNs = 0
  #unseenNs = 0
  #scans = 0

  get usedNs(): number {
    return this.#usedNs
  }

  /** Follows this process from now on; what an earlier root used stays counted. */
  attach(rootPid: number): void {
    this.detach()
    this.#rootPid = rootPid
    this.#goneSeenNs = 0
    this.#unseenNs = 0
    this.#scans = 0
    this.scan()
  }

  /** Stops following, after a last reading. */
  detach(): void {
    this.read()
    for (const process of this.#watched.values()) closeThreads(process)
    this.#watched.clear()
    this.#rootPid = null
  }

  /** Ids that the budget is about. */
  pids(): readonly number[] {
    return [...this.#watched.values()].filter(({ exempt }) => !exempt).map(({ pid }) => pid)
  }

  /** Ids of all processes followed that still run: an open descriptor cannot be mistaken for a later process. */
  members(): readonly number[] {
    this.read()
    return [...this.#watched.values()].filter(({ threads }) => threads.size > 0).map(({ pid }) => pid)
  }

  /** From now on this process is followed but not counted. */
  exempt(pid: number): void {
    this.read()
    const process = this.#watch(pid, [])
    if (!process) return
    if (!process.exempt)
      for (const thread of process.threads.values()) if (thread.ns === 0) thread.ns = readNs(thread.fd)
    process.exempt = true
  }

  /** Reads all known threads; the CPU time since the last reading, ns. */
  read(): number {
    let deltaNs = 0
    for (const process of this.#watched.values()) {
      for (const [tid, thread] of process.threads) {
        const ns = readNs(thread.fd)
        if (ns < 0) {
          closeSync(thread.fd)
          process.threads.delete(tid)
          continue
        }
        const grownNs = ns - thread.ns
        if (grownNs === 0) continue
        thread.ns = ns
        process.seenNs += grownNs
        if (!process.exempt) deltaNs += grownNs
      }
    }
    this.#usedNs += deltaNs
    return deltaNs
  }

  /** Finds new children and threads, drops those that ended; ids of new processes, and the CPU time it found, ns. */
  scan(): { readonly found: readonly number[]; readonly deltaNs: number } {
    if (this.#rootPid === null) return { found: [], deltaNs: 0 }
    const reapedNs = reapedBy(this.#rootPid)
    const found: number[] = []
    const allThreads = this.#scans++ % SCANS_PER_THREAD_SCAN === 0
    const queue = [this.#rootPid]
    for (let at = 0; at < queue.length; at++) {
      const pid = queue[at]!
      const process = this.#watch(pid, found)
      if (!process) continue
      if (allThreads || process.threads.size === 0) openThreads(process)
      for (const tid of allThreads ? process.threads.keys() : [pid]) {
        for (const child of childrenOfThread(pid, tid) ?? []) queue.push(child)
      }
    }
    // After the reaped time was read: whatever it holds is gone by now, so its last reading lies behind us.
    let deltaNs = this.read()
    for (const process of this.#watched.values()) {
      if (process.threads.size > 0) continue
      this.#goneSeenNs += process.seenNs
      this.#watched.delete(process.pid)
    }
    const unseenNs = reapedNs - this.#goneSeenNs - this.#unseenNs
    if (unseenNs > 0) {
      this.#unseenNs += unseenNs
      this.#usedNs += unseenNs
      deltaNs += unseenNs
    }
    return { found, deltaNs }
  }

  #watch(pid: number, found: number[]): Watched | null {
    const known = this.#watched.get(pid)
    if (known) return known
    const process: Watched = { pid, threads: new Map(), seenNs: 0, exempt: false }
    openThreads(process)
    if (process.threads.size === 0) return null
    this.#watched.set(pid, process)
    found.push(pid)
    return process
  }
}

function openThreads(process: Watched): void {
  for (const tid of threadsOf(process.pid)) {
    if (process.threads.has(tid)) continue
    try {
      process.threads.set(tid, { fd: openSync(`/proc/${process.pid}/task/${tid}/schedstat`, 'r'), ns: 0 })
    } catch {
      // Ended between the listing and the opening.
    }
  }
}

function closeThreads(process: Watched): void {
  for (const { fd } of process.threads.values()) closeSync(fd)
  process.threads.clear()
}

/** User and system time of the children a process has waited for (proc(5), fields 16 and 17), ns. */
function reapedBy(pid: number): number {
  const fields = statFields(pid)
  return fields ? (Number(fields[13]) + Number(fields[14])) * NS_PER_TICK : 0
}
