import { Worker } from 'node:worker_threads'
import type { MakeAlarm } from './alarm.ts'

/** The most it takes off for the way from thread to loop, and so the longest it turns on the spot. */
const MOST_LEAD_US = 300
/** How fast the lead follows the way: a fiftieth of a typical one a ring. */
const STEP_US = 3

/**
 * Rings within some hundredths of a millisecond. The event loop's own timers know whole milliseconds only, and turning the
 * loop for all of the last one would take the CPU of whoever is measured; a thread can sleep until a microsecond (a
 * futex's time limit) and then wake the loop. To be woken takes a tenth of a millisecond or more where CPUs doze, so the
 * thread rings that much earlier, by the median of the rings before, and what is then left is waited for on the spot.
 * That costs some 25 to 100 µs of CPU a ring more than a timer does. The thread does not keep the process alive.
 */
export const exactAlarm: MakeAlarm = (nowUs, ring) => {
  const memory = new SharedArrayBuffer(16)
  const settings = new Int32Array(memory, 0, 1)
  const due = new Float64Array(memory, 8, 1)
  due[0] = Number.POSITIVE_INFINITY
  let setForUs = Number.POSITIVE_INFINITY
  let wakeAtUs = Number.POSITIVE_INFINITY
  let leadUs = 100
  const thread = new Worker(new URL('./exact-alarm-thread.mjs', import.meta.url), {
    // Not this process's own --import: the thread is plain JavaScript, and starts ten times as fast.
    execArgv: [],
    workerData: memory,
  })
  thread.on('message', () => {
    const wokenUs = nowUs()
    // One that was on its way when the alarm was set again comes too early: it tells nothing of the way.
    if (wokenUs >= wakeAtUs) {
      const onTheWayUs = wokenUs - wakeAtUs
      leadUs = Math.min(MOST_LEAD_US, Math.max(0, leadUs + (onTheWayUs > leadUs ? STEP_US : -STEP_US)))
    }
    if (setForUs - wokenUs <= MOST_LEAD_US) while (nowUs() < setForUs);
    ring()
  })
  // Whoever listens keeps the process alive, so this comes after.
  thread.unref()
  return {
    set: (dueUs) => {
      setForUs = dueUs
      wakeAtUs = dueUs - leadUs
      // On the clock of both threads: each knows its own origin of process.hrtime().
      due[0] = Number(process.hrtime.bigint()) / 1000 + (wakeAtUs - nowUs())
      Atomics.add(settings, 0, 1)
      Atomics.notify(settings, 0)
    },
  }
}
