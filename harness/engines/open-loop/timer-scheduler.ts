import type { Clock } from '../../ports.ts'
import { type MakeAlarm, timerAlarm } from './alarm.ts'
import { DueLine } from './due-line.ts'
import { DueQueue } from './due-queue.ts'
import type { Due, Scheduler } from './scheduler.ts'

/**
 * So many actions, then answers are read: connections get free, and what is still due takes those instead of opening as
 * many new ones, which costs so much more that a small backlog would grow into a large one.
 */
const SLICE = 16

/** Nothing is armed while a backlog is worked off: the next slice comes by itself. */
const BACKLOG = Number.NEGATIVE_INFINITY

/**
 * With so many actions a second an exact alarm would cost more than it is worth: whole milliseconds then wake the loop
 * once for several of them.
 */
const MANY_PER_SEC = 1000
const COUNT_FOR_US = 100_000

/**
 * The real scheduler: one alarm, set to the earliest due action; it never spins. While there are few actions the exact
 * alarm rings, if there is one; else a timer, which is up to about a millisecond late. The send lag shows either.
 */
export function timerScheduler(clock: Clock, makeExactAlarm: MakeAlarm | null = null): Scheduler {
  const queue = new DueQueue()
  /** By how long one waits in them. There are few: a scenario has a handful of timeouts. */
  const lineOf = new Map<number, DueLine>()
  /** The same, to go through before every action without making an iterator each time. */
  const lines: DueLine[] = []
  let armedUs = Number.POSITIVE_INFINITY
  let many = false
  let countedFromUs = clock.nowUs()
  let counted = 0

  const arm = (dueUs: number): void => {
    if (dueUs >= armedUs) return
    armedUs = dueUs
    const alarm = many ? rough : exact
    alarm.set(dueUs)
  }

  const count = (nowUs: number): void => {
    const passedUs = nowUs - countedFromUs
    if (passedUs < COUNT_FOR_US) return
    many = (counted * 1e6) / passedUs > MANY_PER_SEC
    countedFromUs = nowUs
    counted = 0
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
    count(untilUs)
    for (let done = 0; ; done++) {
      if (done === SLICE) {
        armedUs = BACKLOG
        setImmediate(run)
        return
      }
      const action = take(untilUs)
      if (!action) break
      counted++
      action()
    }
    const first = queue.first()
    if (first) arm(first.dueUs)
    for (const line of lines) {
      const next = line.first()
      if (next) arm(next.dueUs)
    }
  }

  const ring = (): void => {
    // In the middle of a backlog: answers are read first.
    if (armedUs !== BACKLOG) run()
  }
  const rough = timerAlarm(clock.nowUs, ring)
  const exact = makeExactAlarm?.(clock.nowUs, ring) ?? rough

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
