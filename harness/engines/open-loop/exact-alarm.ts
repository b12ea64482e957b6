import { Worker } from 'node:worker_threads'
import type { MakeAlarm } from './alarm.ts'

/**
 * Rings within about a tenth of a millisecond. The event loop's own timers know whole milliseconds only, and turning
 * the loop until the time has come would take the CPU of whoever is measured; a thread can sleep until a microsecond
 * (a futex's time limit) and then wake the loop. That costs some 25 µs of CPU a ring more than a timer does. The thread
 * does not keep the process alive.
 */
export const exactAlarm: MakeAlarm = (nowUs, ring) => {
  const memory = new SharedArrayBuffer(16)
  const settings = new Int32Array(memory, 0, 1)
  const due = new Float64Array(memory, 8, 1)
  due[0] = Number.POSITIVE_INFINITY
  const thread = new Worker(new URL('./exact-alarm-thread.mjs', import.meta.url), {
    // Not this process's own --import: the thread is plain JavaScript, and starts ten times as fast.
    execArgv: [],
    workerData: memory,
  })
  thread.on('message', ring)
  // Whoever listens keeps the process alive, so this comes after.
  thread.unref()
  return {
    set: (dueUs) => {
      // On the clock of both threads: each knows its own origin of process.hrtime().
      due[0] = Number(process.hrtime.bigint()) / 1000 + (dueUs - nowUs())
      Atomics.add(settings, 0, 1)
      Atomics.notify(settings, 0)
    },
  }
}
