/** Where a cache keeps what it was given, for `cacheTtlMs` at most. */
export type CacheStore = {
  /** `undefined` when there is nothing (any more). */
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
  /** With `singleFlight`, across instances: true for the one that finds the value now, false for those to wait. */
  lock?(key: string): Promise<boolean>
  unlock?(key: string): Promise<void>
  close(): void
}
