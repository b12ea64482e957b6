/** Calls that may be repeated, saved up: what was not needed is kept for a bad moment, but not for ever. */
const MOST_SAVED = 10

export type RetryBudget = {
  /** A first call was made. */
  earn(): void
  /** True when one more call may be made; it is then paid for. */
  spend(): boolean
}

/**
 * A token bucket: every first call brings `ratio` of an extra call. When everything fails there are no more than
 * 1 + `ratio` calls for each payment, so retries cannot be what keeps a provider down.
 */
export function retryBudget(ratio: number): RetryBudget {
  const most = Math.max(MOST_SAVED, ratio)
  let saved = 0
  return {
    earn: () => {
      saved = Math.min(most, saved + ratio)
    },
    spend() {
      // Fractions do not add up exactly: five times 0.2 must buy one call.
      if (saved < 1 - 1e-9) return false
      saved = Math.max(0, saved - 1)
      return true
    },
  }
}
