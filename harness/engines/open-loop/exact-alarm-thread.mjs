import { parentPort, workerData } from 'node:worker_threads'

/**
 * The thread of an exact alarm. Shared memory: how often the alarm was set (Int32 at 0), and the time it is set to (Float64
 * at 8, µs of process.hrtime(), which all threads share). It sleeps until then, rings, and sleeps until it is set again.
 */
const settings = new Int32Array(workerData, 0, 1)
const due = new Float64Array(workerData, 8, 1)

for (;;) {
  const setting = Atomics.load(settings, 0)
  const waitUs = due[0] - Number(process.hrtime.bigint()) / 1000
  if (waitUs > 0) {
    const waitMs = waitUs === Number.POSITIVE_INFINITY ? undefined : waitUs / 1000
    // Anything but a time-out means that it was set again meanwhile.
    if (Atomics.wait(settings, 0, setting, waitMs) !== 'timed-out') continue
  }
  parentPort.postMessage(null)
  Atomics.wait(settings, 0, setting)
}
