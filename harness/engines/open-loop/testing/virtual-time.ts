import { DueQueue } from '../due-queue.ts'
import type { Scheduler } from '../scheduler.ts'

/** Virtual time for tests: jumps from one due action to the next. */
export type VirtualTime = Scheduler & {
  /** Runs until the promise settles or nothing is due any more. */
  runUntil<T>(settled: Promise<T>): Promise<T>
}

/** A scheduler whose clock stands still while code runs, and leaps when nothing is left to do. */
export function virtualTime(): VirtualTime {
  const queue = new DueQueue()
  let nowUs = 0
  const at = (dueUs: number, action: () => void) => {
    const due = queue.add(dueUs, action)
    return () => {
      due.action = null
    }
  }
  return {
    nowUs: () => nowUs,
    at,
    after: (delayUs, action) => at(nowUs + delayUs, action),
    afterPolling: (action) => {
      queue.add(nowUs, action)
    },
    async runUntil(settled) {
      let open = true
      const close = () => {
        open = false
      }
      settled.then(close, close)
      for (;;) {
        // One turn of the event loop lets every promise that is ready run.
        await new Promise(setImmediate)
        if (!open) return settled
        const due = queue.first()
        if (!due)
          throw new Error('Virtual time stands still: nothing is due and the promise has not settled.')
        queue.take()
        nowUs = Math.max(nowUs, due.dueUs)
        due.action?.()
      }
    },
  }
}
