import type { Clock } from '../../ports.ts'
import { DueQueue } from './due-queue.ts'
import type { Scheduler } from './scheduler.ts'

/**
 * The real scheduler: one timer, set to the earliest due action; it never spins. Timers are whole milliseconds, so
 * actions run up to about a millisecond late, which the send lag shows.
 */
export function timerScheduler(clock: Clock): Scheduler {
  const queue = new DueQueue()
  let timer: NodeJS.Timeout | undefined
  let armedUs = Number.POSITIVE_INFINITY

  const arm = (): void => {
    const first = queue.first()
    if (!first || first.dueUs >= armedUs) return
    clearTimeout(timer)
    armedUs = first.dueUs
    timer = setTimeout(run, Math.max(1, Math.ceil((first.dueUs - clock.nowUs()) / 1000)))
  }

  const run = (): void => {
    armedUs = Number.POSITIVE_INFINITY
    // Only what is due by now: what falls due meanwhile waits a turn, or a backlog would keep answers from being read.
    const untilUs = clock.nowUs()
    for (let due = queue.first(); due && due.dueUs <= untilUs; due = queue.first()) {
      queue.take()
      due.action?.()
    }
    arm()
  }

  return {
    nowUs: clock.nowUs,
    at: (dueUs, action) => {
      const due = queue.add(dueUs, action)
      arm()
      return () => {
        due.action = null
      }
    },
    afterPolling: (action) => {
      setImmediate(action)
    },
  }
}
