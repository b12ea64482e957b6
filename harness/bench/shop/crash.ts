import { median, sum } from 'simple-statistics'
import type { Figure, Row } from '../row.ts'
import { crashSurge } from './testbed/crash-surge.ts'

const CHECKOUTS = 10_000
const KILLS = 3
const PER_SEC = 100
const MUST_GOOD_AFTER_MS = 2000

/** What becomes of the books when Postgres is killed in the middle of a surge, and how soon the shop sells again. */
export const CRASH: Row = {
  name: 'Postgres killed three times during a surge',
  measure: async (bench) => {
    // A quick one is a tenth as long, and killed as often.
    const checkouts = bench.rounds === 1 ? CHECKOUTS / 10 : CHECKOUTS
    const facts = await crashSurge({ checkouts, kills: KILLS, perSec: PER_SEC }, bench.say)
    const { acknowledged, crashes, unanswered, unansweredPlaced, placed, invariants, samples, drivenSec } =
      facts
    const broken = [...samples.flatMap((sample) => sample.broken), ...invariants.filter(({ held }) => !held)]
    const brokenNames = new Set(broken.map(({ name }) => name))
    const sampledMs = samples.map(({ tookUs }) => tookUs / 1000)
    const goodAfterMs = crashes.map((crash) => crash.goodAfterMs)
    const whole = crashes.length === KILLS && acknowledged >= checkouts
    const figures: readonly Figure[] = [
      {
        what: 'checkouts acknowledged while Postgres was killed three times (SIGKILL, all its processes)',
        measured: crashes.length === KILLS ? acknowledged : Number.NaN,
        unit: 'checkouts',
        must: { atLeast: checkouts },
        beside: {
          'orders in the database': placed,
          'keys nobody answered': unanswered,
          'of which became an order': unansweredPlaced,
          'processes killed': sum(crashes.map(({ killed }) => killed)),
          'driven, s': drivenSec,
        },
      },
      {
        what: 'invariants broken, when it is over or while it ran',
        measured: whole && invariants.length > 0 ? brokenNames.size : Number.NaN,
        unit: 'invariants',
        must: { atMost: 0 },
        beside: { 'checked when it is over': invariants.length, 'samples while it ran': samples.length },
        notes: broken.slice(0, 5).map(({ name, detail }) => `${name}: ${detail}`),
      },
      {
        what: 'orders in the database that no shopper was told of and no unanswered key accounts for',
        measured: whole ? facts.unaccounted : Number.NaN,
        unit: 'orders',
        must: { atMost: 0 },
      },
      {
        what: 'CPU that sampling the invariants took, at most, of one',
        measured: samples.length > 0 ? (100 * sum(sampledMs)) / 1000 / drivenSec : Number.NaN,
        unit: '%',
        must: { atMost: 1 },
        beside: {
          'a sample, ms (median)': samples.length > 0 ? median(sampledMs) : Number.NaN,
          'questions missed (no database)': sum(samples.map(({ missed }) => missed.length)),
        },
      },
      {
        what: 'first checkout acknowledged after the database was ready again, the slowest of three',
        measured: whole ? Math.max(...goodAfterMs) : Number.NaN,
        unit: 'ms',
        must: { atMost: MUST_GOOD_AFTER_MS },
        low: Math.min(...goodAfterMs),
        high: Math.max(...goodAfterMs),
        n: crashes.length,
        beside: { 'database back after the kill, ms (median)': median(crashes.map(({ downMs }) => downMs)) },
      },
    ]
    return figures
  },
}
