import { readdirSync, readFileSync } from 'node:fs'
import { statFields } from '../../process-tree.ts'

/** Kernel ticks in /proc/PID/stat are USER_HZ = 100 per second on every Linux platform. */
const TICK_US = 10_000
/** The engine's own processes, by the name the kernel keeps (at most 15 letters). */
const DOCKER = new Set(['dockerd', 'containerd', 'containerd-shim', 'docker-proxy', 'runc', 'rootlesskit'])
/** Looking for new ones costs a directory listing of /proc. */
const LIST_EVERY_MS = 3000

/** CPU of processes that come and go, in µs, never going back; 0 where there is no /proc. */
export class ProcessCpu {
  readonly #pids: () => readonly number[]
  readonly #seen = new Map<number, number>()
  #usedUs = 0

  constructor(pids: () => readonly number[]) {
    this.#pids = pids
    // What they did before belongs to nobody's run.
    this.read()
    this.#usedUs = 0
  }

  read(): number {
    for (const pid of this.#pids()) {
      const fields = statFields(pid)
      if (!fields) continue
      const usedUs = (Number(fields[11]) + Number(fields[12])) * TICK_US
      const before = this.#seen.get(pid)
      if (before === undefined || usedUs >= before) this.#usedUs += usedUs - (before ?? 0)
      this.#seen.set(pid, usedUs)
    }
    return this.#usedUs
  }
}

/** Lists the engine's processes on this machine: what it takes to forward requests and to keep limits. */
export function dockerProcesses(): () => readonly number[] {
  let listedAtMs = Number.NEGATIVE_INFINITY
  let pids: readonly number[] = []
  return () => {
    if (performance.now() - listedAtMs > LIST_EVERY_MS) {
      listedAtMs = performance.now()
      pids = list()
    }
    return pids
  }
}

function list(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && DOCKER.has(commOf(name)))
      .map(Number)
  } catch {
    return []
  }
}

function commOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim()
  } catch {
    return ''
  }
}
