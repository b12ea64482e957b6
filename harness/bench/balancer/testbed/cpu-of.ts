import { readdirSync, readFileSync } from 'node:fs'

/** CPU time a process has used in all its threads, µs. Linux only: the scheduler's own account, in nanoseconds. */
export function cpuUsOf(pid: number): number {
  let ns = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // A thread that ended while its figures were read.
    }
  }
  return ns / 1000
}
