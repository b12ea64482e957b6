import { expect, test } from 'vitest'
import { applyFixes } from '../core/fixes/index.ts'
import { DEFAULT_TOPOLOGY } from '../core/topology.ts'
import { whetherItFits } from './whether-it-fits.ts'

test('the demo with both fixes fits two cores (1.85), and not 1.8', () => {
  const both = applyFixes(DEFAULT_TOPOLOGY, [
    { id: 'database.scale-up', step: 3 },
    { id: 'app.scale-out', step: 2 },
  ])
  expect(whetherItFits(both, 2)).toBe(true)
  expect(whetherItFits(both, 1.85)).toBe(true)
  expect(whetherItFits(both, 1.8)).toBe(
    'needs 1.85 cores (balancer 0.25 + app 2 × 0.3 + database 0.6 + load generator and probes 0.4), this machine has 1.8',
  )
})

test('each replica needs as much as the primary', () => {
  const { database } = DEFAULT_TOPOLOGY
  const replicated = { ...DEFAULT_TOPOLOGY, database: { ...database, replicas: 2 } }
  expect(whetherItFits(replicated, 1.55)).toBe(true)
  expect(whetherItFits(replicated, 1.5)).toBe(
    'needs 1.55 cores (balancer 0.25 + app 1 × 0.3 + database 0.2 + replicas 2 × 0.2 + load generator and probes 0.4), this machine has 1.5',
  )
})

test('a pooler and a cache have budgets of their own', () => {
  const { pooler, cache } = DEFAULT_TOPOLOGY
  const both = {
    ...DEFAULT_TOPOLOGY,
    pooler: { ...pooler, kind: 'pgbouncer' as const },
    cache: { ...cache, kind: 'redis' as const, cpu: 0.2 },
  }
  expect(whetherItFits(both, 1.45)).toBe(true)
  expect(whetherItFits(both, 1.4)).toBe(
    'needs 1.45 cores (balancer 0.25 + app 1 × 0.3 + pooler 0.1 + database 0.2 + cache 0.2 + load generator and probes 0.4), this machine has 1.4',
  )
})

test('no balancer, no budget for one', () => {
  const direct = { ...DEFAULT_TOPOLOGY, balancer: { ...DEFAULT_TOPOLOGY.balancer, engine: 'none' as const } }
  expect(whetherItFits(direct, 0.9)).toBe(true)
  expect(whetherItFits(direct, 0.8)).not.toContain('balancer')
})
