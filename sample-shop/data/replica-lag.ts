/** Tells how far behind a replica is, from the places in the log (bytes) where the primary was seen. */
export type ReplicaLag = {
  primaryAt(position: number, atMs: number): void
  /** How long ago the primary was first seen beyond the place up to which a replica has replayed; 0 when it was not. */
  of(replayed: number, nowMs: number): number
}

/**
 * Not by the clock of the last replayed transaction: that one grows while nobody writes, and stands still on a replica
 * that has lost its primary. Places older than needed to say "further behind than `limitMs`" are forgotten.
 */
export function replicaLag(limitMs: number): ReplicaLag {
  let seen: { readonly position: number; readonly atMs: number }[] = []
  return {
    primaryAt(position, atMs) {
      const last = seen.at(-1)
      // A log that goes back is another server's: a replica was promoted, or the data restored.
      if (last && position < last.position) seen = []
      if (seen.at(-1)?.position !== position) seen.push({ position, atMs })
      while (seen.length > 2 && atMs - seen[1]!.atMs > 2 * limitMs) seen.shift()
    },
    of(replayed, nowMs) {
      const ahead = seen.find(({ position }) => position > replayed)
      return ahead ? nowMs - ahead.atMs : 0
    },
  }
}
