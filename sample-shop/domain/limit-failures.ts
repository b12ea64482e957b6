type Limits = {
  /** Failures of one address, and of all together, in a window. */
  readonly perAddress: number
  readonly overall: number
  readonly windowMs: number
}

export type FailureLimit = {
  /** Until this address, or everybody, may try again; 0: at once. */
  waitMs(address: string, nowMs: number): number
  failed(address: string, nowMs: number): void
  succeeded(address: string): void
}

/**
 * Counts failed attempts in windows that begin with the first failure and are the same for everybody. Whoever failed too
 * often waits for the end of the window, whatever they try. No more addresses are kept than failures are allowed.
 */
export function limitFailures({ perAddress, overall, windowMs }: Limits): FailureLimit {
  const byAddress = new Map<string, number>()
  let failures = 0
  let endsMs = 0

  return {
    waitMs(address, nowMs) {
      const tooMany = failures >= overall || (byAddress.get(address) ?? 0) >= perAddress
      return tooMany ? Math.max(0, endsMs - nowMs) : 0
    },
    failed(address, nowMs) {
      if (nowMs >= endsMs) {
        endsMs = nowMs + windowMs
        failures = 0
        byAddress.clear()
      }
      failures++
      byAddress.set(address, (byAddress.get(address) ?? 0) + 1)
    },
    succeeded(address) {
      // Those of all together stay: they may be somebody else's.
      byAddress.delete(address)
    },
  }
}
