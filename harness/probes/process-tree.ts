import { readdirSync, readFileSync } from 'node:fs'

/** The kernel reports times to user space in ticks of 10 ms on every Linux we run on (USER_HZ = 100). */
const TICK_US = 10_000

/** CPU time in µs of each process from `root` down, by pid. Linux only; a process that ends meanwhile is left out. */
export function readTreeCpu(root: number): Map<number, number> {
  const usedUs = new Map<number, number>()
  const left = [root]
  for (let pid = left.pop(); pid !== undefined; pid = left.pop()) {
    if (usedUs.has(pid)) continue
    try {
      const { cpuUs, threads } = readStat(pid)
      usedUs.set(pid, cpuUs)
      left.push(...readChildren(pid, threads))
    } catch {
      // It ended between being listed and being read.
    }
  }
  return usedUs
}

/** CPU used between two readings of a tree: a process that is new counts from its start. */
export function treeCpuSince(now: ReadonlyMap<number, number>, before: ReadonlyMap<number, number>): number {
  let sumUs = 0
  for (const [pid, usedUs] of now) sumUs += Math.max(0, usedUs - (before.get(pid) ?? 0))
  return sumUs
}

function readStat(pid: number): { readonly cpuUs: number; readonly threads: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name in parentheses may hold blanks and parentheses: fields are counted from the last one (state is the first).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { cpuUs: (Number(fields[11]) + Number(fields[12])) * TICK_US, threads: Number(fields[17]) }
}

/** Children belong to the thread that forked them; most of ours (Postgres' backends) have one, and need no listing. */
function readChildren(pid: number, threads: number): number[] {
  const tids = threads === 1 ? [pid] : readdirSync(`/proc/${pid}/task`)
  return tids.flatMap((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
}
