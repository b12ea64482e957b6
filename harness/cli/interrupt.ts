/**
 * Aborted by the first Ctrl-C (or SIGTERM, SIGHUP): the command then stops the load, keeps its record and takes
 * everything down. A second one leaves at once; the supervisor then takes everything down by itself.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130)
      controller.abort(new Error(`stopped by ${name}`))
    })
  }
  return controller.signal
}
