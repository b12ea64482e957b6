/**
 * Milliseconds until what is kept now expires, under cache-stampede: everything, in every instance, at the next whole
 * multiple of `ttlMs` on the wall clock. From 1 to `ttlMs`, so nothing is kept longer than it may be.
 */
export function expireTogether(ttlMs: number, wallMs: number = Date.now()): number {
  return ttlMs - (wallMs % ttlMs)
}
