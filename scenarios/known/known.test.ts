import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BOTTLENECK_CLASSES } from '../../harness/core/bottleneck.ts'
import { FIXES, type FixId } from '../../harness/core/fixes/index.ts'
import { resolveTopology } from '../../harness/core/resolve-topology.ts'
import { HARNESS_CPU, topologyCpu } from '../../harness/core/topology.ts'
import { countOf, planOf, stubDrive } from '../../harness/engines/open-loop/testing/stub-drive.ts'
import { loadScenario } from '../../harness/scenario-file.ts'
import { FLAWS } from '../../sample-shop/flaws.ts'
import type { Truth } from '../shop/truth.ts'
import { stubShop } from '../testing/stub-shop.ts'

/** Every class a diagnosis may ever name. */
const CLASSES = [
  'database-cpu',
  'database-missing-index',
  'database-lock',
  'database-connections',
  'database-wal',
  'database-cache-miss',
  'database-bloat',
  'database-lwlock',
  'database-memory',
  'database-idle-in-transaction',
  'replica-lag',
  'pool-wait',
  'pooler-wait',
  'app-cpu',
  'balancer-saturated',
  'balancer-imbalance',
  'cache-stampede',
  'retry-storm',
  'generator',
  'none',
]
/** Bottlenecks that are settings, not flaws. */
const SETTINGS = ['pool-too-small', 'too-many-connections', 'memory-limited']
/** The smallest machine they are to run on. */
const HOST_CORES = 2

const known = readdirSync(import.meta.dirname)
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => file.replace(/\.ts$/, ''))

test('there is one for each of these', () => {
  expect(known).toEqual(
    expect.arrayContaining([
      'hot-row',
      'missing-index',
      'pool-held',
      'cpu-heavy',
      'scan-search',
      'n-plus-one',
      'offset-paging',
      'connection-leak',
      'idle-transaction',
      'blocked-loop',
      'commit-per-line',
      'hot-updates',
      'retry-without-budget',
      'cache-stampede',
      'stale-replica-reads',
      ...SETTINGS,
    ]),
  )
})

describe.each(known)('%s', (id) => {
  test('plants what it is named after, and nothing else', async () => {
    const { scenario } = await loadScenario(`known/${id}`)
    expect(scenario.name).toBe(id)
    const flaws = scenario.topology.app?.flaws ?? []
    expect(flaws).toEqual(SETTINGS.includes(id) ? [] : [id])
    expect(Object.keys(FLAWS)).toEqual(expect.arrayContaining([...flaws]))
    const today = resolveTopology(scenario, ['topology.app.flaws='])
    if (!today.ok) throw new Error(JSON.stringify(today.problems))
    expect(today.topology.app.flaws).toEqual([])
  })

  test('says what is wrong, in the words of a diagnosis', async () => {
    const { truth }: { truth: Truth } = await import(`./${id}.ts`)
    expect(CLASSES).toContain(truth.class)
    expect(truth.how).toMatch(/^[a-z].{15,}[^.]$/)
    expect(truth.says).toMatch(/^[A-Z].{40,}\.$/)
  })

  test('names a fix that can be tried on it', async () => {
    const { truth }: { truth: Truth } = await import(`./${id}.ts`)
    const { scenario } = await loadScenario(`known/${id}`)
    const resolved = resolveTopology(scenario, [])
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems))
    const { topology } = resolved
    const fix = FIXES[truth.fix as FixId]
    expect(Object.keys(FIXES)).toContain(truth.fix)
    expect(fix.appliesTo(topology)).toBe(true)
    const [step] = fix.steps(topology, { neededPerSec: 20, capacityPerSec: 10, surelyPerSec: 9 })
    expect(fix.apply(topology, step!)).not.toEqual(topology)
    // Were the class found, it would be tried without being asked for.
    expect(fix.offered).not.toBe('when-asked')
    const diagnosable = (BOTTLENECK_CLASSES as readonly string[]).includes(truth.class)
    if (diagnosable) expect(fix.helps).toContain(truth.class)
  })

  test('fits a small machine, and is quick to run', async () => {
    const { scenario } = await loadScenario(`known/${id}`)
    const resolved = resolveTopology(scenario, [])
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems))
    const cores = topologyCpu(resolved.topology) + HARNESS_CPU.generator + HARNESS_CPU.supervisor
    expect(cores).toBeLessThan(HOST_CORES)
    expect(scenario.quickTraffic.shape.lastsSec).toBeLessThanOrEqual(20)
  })

  test('its shoppers ask for what the shop has, and get to their ends', async () => {
    const { scenario } = await loadScenario(`known/${id}`)
    const plan = planOf(scenario, 10, 5, { ending: 'finish', graceMs: 120_000 })
    const { slots, end } = await stubDrive(scenario, plan, stubShop)
    const clicks = countOf(slots, { of: 'click' })
    expect(end.clicksDone).toBe(end.clicksIntended)
    expect(clicks).toBeGreaterThan(50)
    expect(countOf(slots, { of: 'click', outcome: 'ok' })).toBe(clicks)
    const routes = new Set(slots.map(({ route }) => route))
    for (const route of Object.keys(scenario.slo)) if (route !== 'all') expect(routes).toContain(route)
  })
})
