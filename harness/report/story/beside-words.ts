import type { RunCache, RunPooler } from '../../core/result.ts'

/** "PgBouncer, 20 connections shared by transaction", and with fixes which other; `null`: there was none in any arm. */
export function poolerWords(poolers: readonly RunPooler[] | undefined): string | null {
  return eachOf(poolers, ({ kind, poolMode, poolSize }) =>
    kind === 'none' ? null : `PgBouncer, ${poolSize} connections shared by ${poolMode}`,
  )
}

/** "Redis, at most 64 MB", and with fixes which other; `null`: there was none in any arm. */
export function cacheWords(caches: readonly RunCache[] | undefined): string | null {
  return eachOf(caches, ({ kind, memoryMb }) => (kind === 'none' ? null : `Redis, at most ${memoryMb} MB`))
}

/** Today's first, then those of fixes. */
function eachOf<One>(all: readonly One[] | undefined, words: (one: One) => string | null): string | null {
  // Results made before December 2026 do not say.
  const [today = null, ...others] = (all ?? []).map(words)
  if (today === null && others.every((other) => other === null)) return null
  const more = others.length === 0 ? '' : `; with fixes: ${others.map((other) => other ?? 'none').join('; ')}`
  return `${today ?? 'none'}${more}`
}
