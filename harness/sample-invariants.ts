import { setTimeout as sleep } from 'node:timers/promises'
import type { InvariantSampleLine } from './core/record.ts'
import type { Invariant } from './core/scenario.ts'
import { checkInvariant } from './invariants.ts'
import type { Clock, DatabaseConnection, Running } from './ports.ts'

type Sample = Omit<InvariantSampleLine, 'kind'>

export type SamplerParts = {
  readonly invariants: readonly Invariant[]
  readonly connect: Running['connect']
  readonly clock: Clock
  readonly tell: (sample: Sample) => void
  /** Longest time of one statement; default 500 ms. */
  readonly statementTimeoutMs?: number
  /** Shortest pause between two samples; default 2 s. */
  readonly everyMs?: number
}

const EVERY_MS = 2000
/**
 * Share of one CPU that samples may take: after one that took long the pause is longer. A statement of one process cannot
 * use more CPU than time. A fifth below the 1 % that is promised, since the end of a surge cuts the last pause off.
 */
const MOST_OF_A_CPU = 0.008
/** Under load a statement takes longer; one that takes this long would disturb what is measured. */
const STATEMENT_TIMEOUT_MS = 500

export type InvariantSampler = {
  /** Samples until it is stopped; who stops it waits for the sample under way. */
  start(arm: number): () => Promise<void>
}

/**
 * Asks, every few seconds while it runs, the invariants that hold at any moment, each in one statement and so of one
 * snapshot, on a connection of its own. What could not be asked (the database is down, or too busy) was missed: that is no
 * verdict.
 */
export function invariantSampler({
  invariants,
  connect,
  clock,
  tell,
  statementTimeoutMs = STATEMENT_TIMEOUT_MS,
  everyMs = EVERY_MS,
}: SamplerParts): InvariantSampler {
  const sampled = invariants.flatMap(({ name, expect, sampled: sql }) =>
    sql === null ? [] : [{ name, sql, expect, sampled: sql }],
  )
  let connection: DatabaseConnection | null = null
  let earliestMs = 0

  async function take(arm: number): Promise<Sample> {
    const atUs = clock.nowUs()
    const held: string[] = []
    const broken: { name: string; detail: string }[] = []
    const missed: string[] = []
    let tookUs = 0
    for (const invariant of sampled) {
      const { name } = invariant
      let askedUs: number | null = null
      try {
        connection ??= await connect({ statementTimeoutMs })
        askedUs = clock.nowUs()
        const found = await checkInvariant(connection.query, invariant)
        if (found.held) held.push(name)
        else broken.push({ name, detail: found.detail })
      } catch {
        // Whether it was the statement or the connection that broke: the next one is asked on a new connection.
        missed.push(name)
        await leave()
      } finally {
        if (askedUs !== null) tookUs += clock.nowUs() - askedUs
      }
    }
    return { atUs, arm, tookUs, held, broken, missed }
  }

  async function leave(): Promise<void> {
    await connection?.close()
    connection = null
  }

  async function keepSampling(arm: number, signal: AbortSignal): Promise<void> {
    earliestMs = Math.max(earliestMs, performance.now() + everyMs)
    while (!signal.aborted) {
      await sleep(Math.max(0, earliestMs - performance.now()), null, { signal }).catch(() => {})
      if (signal.aborted) break
      const sample = await take(arm)
      tell(sample)
      earliestMs = performance.now() + Math.max(everyMs, sample.tookUs / 1000 / MOST_OF_A_CPU)
    }
    await leave()
  }

  return {
    start(arm) {
      if (sampled.length === 0) return async () => {}
      const ending = new AbortController()
      const running = keepSampling(arm, ending.signal)
      // A record that cannot be written (the disk is full) is told to whoever stops it.
      running.catch(() => {})
      return async () => {
        ending.abort()
        await running
      }
    },
  }
}
