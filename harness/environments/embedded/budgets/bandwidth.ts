/** A short period stands for a smaller server (every request slower); the kernel's 100 ms for a fast one that freezes. */
export const PERIOD_US = 10_000
/** The kernel refuses a smaller quota. */
const MIN_QUOTA_US = 1_000

/** CPU time that a group may use in each period, µs. */
export type Bandwidth = { readonly quotaUs: number; readonly periodUs: number }

/** The kernel's bandwidth control for so many cores: a budget too small for the period takes a longer one. */
export function bandwidthOf(cores: number): Bandwidth {
  const periodUs = Math.max(PERIOD_US, Math.ceil(MIN_QUOTA_US / cores))
  return { quotaUs: Math.round(periodUs * cores), periodUs }
}
