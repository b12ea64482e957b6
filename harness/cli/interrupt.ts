let signal: AbortSignal | null = null

/** npm passes on what its child gets as well: one Ctrl-C may come twice. */
const ONE_PRESS_MS = 300

/**
 * Aborted by the first Ctrl-C (or SIGTERM, SIGHUP): the command then stops the load, keeps its record and takes everything
 * down. A second one leaves at once; the supervisor then takes everything down by itself. Signals are listened to from
 * the first call on, once there is something to take down: until then Ctrl-C ends the process as it ends any other, even
 * while a scenario's own code runs for ever.
 */
export function interruptSignal(): AbortSignal {
  if (signal) return signal
  const controller = new AbortController()
  signal = controller.signal
  let firstAtMs = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      const sinceMs = performance.now() - firstAtMs
      if (controller.signal.aborted && sinceMs < ONE_PRESS_MS) return
      if (controller.signal.aborted) {
        process.stderr.write(
          '\ninterrupted twice: left at once; what Doorbuster started is taken down, the partial record is kept\n',
        )
        process.exit(130)
      }
      firstAtMs = performance.now()
      controller.abort(new Error(`stopped by ${name}`))
    })
  }
  return signal
}
