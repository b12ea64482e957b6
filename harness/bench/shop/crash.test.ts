import { expect, test } from 'vitest'
import { crashSurge } from './testbed/crash-surge.ts'

const SURGE = { checkouts: 500, kills: 1, perSec: 60 }
// About twenty seconds; longer where other programs keep the processors.
const TIMEOUT_MS = 120_000
const quietly = () => {}

test(
  'Postgres is killed in the middle of a surge: every invariant holds, and the shop sells again at once',
  async () => {
    const { acknowledged, crashes, placed, unaccounted, samples, invariants } = await crashSurge(
      SURGE,
      quietly,
    )
    expect(acknowledged).toBeGreaterThanOrEqual(SURGE.checkouts)
    expect(placed).toBeGreaterThanOrEqual(acknowledged)
    expect(crashes).toHaveLength(SURGE.kills)
    // The postmaster, its own helpers, and a backend for each connection of the shop's pool.
    expect(crashes[0]!.killed).toBeGreaterThan(10)
    expect(crashes[0]!.goodAfterMs).toBeLessThan(10_000)
    expect(unaccounted).toBe(0)
    expect(samples.some(({ held }) => held.length > 0)).toBe(true)
    expect(samples.flatMap(({ broken }) => broken)).toEqual([])
    expect(invariants.length).toBeGreaterThan(0)
    expect(invariants.filter(({ held }) => !held)).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'a checkout that is not one transaction breaks them',
  async () => {
    // A commit waits for its flush, as on a slow disk: some checkouts are half-way whenever the kill comes.
    const database = { commit_delay: '25000', commit_siblings: '0' }
    const set = [
      'topology.app.flaws=commit-per-line',
      ...Object.entries(database).map(([name, value]) => `topology.database.settings.${name}=${value}`),
    ]
    const { samples, invariants } = await crashSurge({ checkouts: 200, kills: 1, perSec: 35, set }, quietly)
    const broken = invariants.filter(({ held }) => !held).map(({ name }) => name)
    expect(broken).toContain('no oversell')
    // Whoever looks while it runs sees it too.
    expect(samples.flatMap((sample) => sample.broken.map(({ name }) => name))).toContain('no oversell')
  },
  TIMEOUT_MS,
)
