import type { Clock } from '../../ports.ts'
import { DueLine } from './due-line.ts'
import { DueQueue } from './due-queue.ts'
import type { Due, Scheduler } from './scheduler.ts'

/**
 * So many actions, then answers are read: connections get free, and what is still due takes those instead of opening as
 * many new ones, which costs so much more that a small backlog would grow into a large one.
 */
const SLICE = 16

/**
 * The real scheduler: one timer, set to the earliest due action; it never spins. Timers are whole milliseconds, so
 * actions run up to about a millisecond late, which the send lag shows.
 */
export function timerScheduler(clock: Clock): Scheduler {
  const queue = new DueQueue()
  /** By how long one waits in them. There are few: a scenario has a handful of timeouts. */
  const lineOf = new Map<number, DueLine>()
  /** The same, to go through before every action without making an iterator each time. */
  const lines: DueLine[] = []
  let timer: NodeJS.Timeout | undefined
  let armedUs = Number.POSITIVE_INFINITY

  const arm = (dueUs: number): void => {
    if (dueUs >= armedUs) return
    clearTimeout(timer)
    armedUs = dueUs
    timer = setTimeout(run, Math.max(1, Math.ceil((dueUs - clock.nowUs()) / 1000)))
  }

  /** Takes the earliest action that is due by then out of queue and lines. */
  const take = (untilUs: number): (() => void) | null => {
    let earliest: Due | undefined = queue.first()
    let from: DueLine | null = null
    for (const line of lines) {
      const first = line.first()
      if (first && (!earliest || isBefore(first, earliest))) {
        earliest = first
        from = line
      }
    }
    if (!earliest || earliest.dueUs > untilUs) return null
    const { action } = earliest
    if (from) from.leave(from.first()!)
    else queue.take()
    return action
  }

  const run = (): void => {
    armedUs = Number.POSITIVE_INFINITY
    // Only what is due by now: what falls due meanwhile waits a turn, or a backlog would keep answers from being read.
    const untilUs = clock.nowUs()
    for (let done = 0; ; done++) {
      if (done === SLICE) {
        armedUs = Number.NEGATIVE_INFINITY
        setImmediate(run)
        return
      }
      const action = take(untilUs)
      if (!action) break
      action()
    }
    const first = queue.first()
    if (first) arm(first.dueUs)
    for (const line of lines) {
      const next = line.first()
      if (next) arm(next.dueUs)
    }
  }

  return {
    nowUs: clock.nowUs,
    at: (dueUs, action) => {
      const due = queue.add(dueUs, action)
      arm(dueUs)
      return () => {
        due.action = null
      }
    },
    after: (delayUs, action) => {
      let line = lineOf.get(delayUs)
      if (!line) {
        line = new DueLine()
        lineOf.set(delayUs, line)
        lines.push(line)
      }
      const own = line
      const place = own.join(clock.nowUs() + delayUs, queue.nextOrder(), action)
      arm(place.dueUs)
      return () => own.leave(place)
    },
    afterPolling: (action) => {
      setImmediate(action)
    },
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.order < b.order)
}
