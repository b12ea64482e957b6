import { expect, it } from 'vitest'
import type { Fault } from '../faults/fault.ts'
import { DEFAULT_TOPOLOGY, type Topology } from '../topology.ts'
import { faultTargetProblems } from './fault-target-problems.ts'

const kill = (target: string): Fault => ({
  at: { kind: 'share', share: 0.5 },
  forSec: null,
  act: { kind: 'kill', target },
})
const WANTED = ['balancer', 'app-1', 'app-2', 'database', 'replica-1', 'pooler', 'redis'].map(kill)

const refused = (topology: Topology) => faultTargetProblems(WANTED, topology).map(({ got }) => got)
const { app, balancer, pooler, database, cache } = DEFAULT_TOPOLOGY

it('refuses a fault on what the topology lacks, and says what it has', () => {
  const small = { ...DEFAULT_TOPOLOGY, app: { ...app, instances: 1 } }
  expect(refused(small)).toEqual(['"app-2"', '"replica-1"', '"pooler"', '"redis"'])
  expect(faultTargetProblems([kill('database'), kill('app-2')], small)).toEqual([
    {
      path: 'faults[1]',
      expected: "a component that today's topology has: balancer, app-1, database",
      got: '"app-2"',
    },
  ])
})

it('takes a balancer of either engine, more servers and replicas where the topology has them', () => {
  const large = {
    ...DEFAULT_TOPOLOGY,
    app: { ...app, instances: 2 },
    pooler: { ...pooler, kind: 'pgbouncer' as const },
    database: { ...database, replicas: 1 },
  }
  for (const engine of ['embedded', 'haproxy'] as const)
    expect(refused({ ...large, balancer: { ...balancer, engine } })).toEqual(['"redis"'])
  expect(refused({ ...large, balancer: { ...balancer, engine: 'none' } })).toEqual(['"balancer"', '"redis"'])
  expect(refused({ ...large, cache: { ...cache, kind: 'redis' } })).toEqual([])
})
