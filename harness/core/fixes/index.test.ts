import { describe, expect, it } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../topology.ts'
import type { Asked } from './fix.ts'
import { applyFixes, armLabel, FIX_IDS, FIXES, type FixId } from './index.ts'

const ASKED: Asked = { neededPerSec: 60, capacityPerSec: 20, surelyPerSec: 18 }

type Change = { [Part in keyof Topology]?: Partial<Topology[Part]> }

function topology({ balancer, app, pooler, database, cache }: Change = {}): Topology {
  return {
    balancer: { ...DEFAULT_TOPOLOGY.balancer, ...balancer },
    app: { ...DEFAULT_TOPOLOGY.app, ...app },
    pooler: { ...DEFAULT_TOPOLOGY.pooler, ...pooler },
    database: { ...DEFAULT_TOPOLOGY.database, ...database },
    cache: { ...DEFAULT_TOPOLOGY.cache, ...cache },
  }
}

/** A topology for each fix on which it makes sense. */
const WHERE: Readonly<Record<FixId, Topology>> = {
  'database.index': topology({ app: { flaws: ['missing-index', 'n-plus-one'] } }),
  'checkout.shorten-lock': topology({ app: { flaws: ['pool-held'] } }),
  'shop.mend': topology({ app: { flaws: ['hot-row', 'n-plus-one'] } }),
  'cache.single-flight': topology({ app: { settings: { cache: 'redis' } } }),
  'app.pool-size': topology(),
  'pooler.add': topology(),
  'database.scale-up': topology(),
  'app.scale-out': topology(),
  'database.settings': topology({ database: { settings: { commit_delay: '8000' } } }),
  'cache.add': topology({ app: { settings: { cacheTtlMs: 1000 } } }),
  'database.replica': topology(),
  'cache.redis': topology({ app: { settings: { cache: 'process' } } }),
  'shop.degrade': topology(),
  'shop.waiting-room': topology({ app: { instances: 3 } }),
  'balancer.limit': topology(),
  'balancer.algorithm': topology({ app: { instances: 2 } }),
  'balancer.spread': topology(),
}

describe.each(FIX_IDS)('%s', (id) => {
  const fix = FIXES[id]
  const today = WHERE[id]
  const steps = fix.steps(today, ASKED)

  it('changes the topology it applies to, by each of its steps, and says what it brings with it', () => {
    expect(fix.id).toBe(id)
    expect(fix.appliesTo(today)).toBe(true)
    expect(steps.length).toBeGreaterThan(0)
    for (const step of steps) {
      expect(applyFixes(today, [{ id, step }])).not.toEqual(today)
      expect(fix.cost(step)).toBeGreaterThanOrEqual(0)
      for (const label of [armLabel([{ id, step }]), armLabel([{ id, step }], today)])
        expect(label).toMatch(/^[a-z].*[^.]$/)
    }
    expect(fix.sideEffect.length).toBeGreaterThan(10)
  })

  it('helps against something where it is tried for what was diagnosed', () => {
    if (fix.offered === 'when-diagnosed') expect(fix.helps.length).toBeGreaterThan(0)
  })
})

describe('changes of code', () => {
  it('take out the flaws they are about, and leave others', () => {
    const today = topology({ app: { flaws: ['scan-search', 'hot-row', 'n-plus-one'] } })
    const flaws = (id: FixId) => applyFixes(today, [{ id, step: 1 }]).app.flaws
    expect(flaws('database.index')).toEqual(['hot-row', 'n-plus-one'])
    expect(flaws('checkout.shorten-lock')).toEqual(['scan-search', 'n-plus-one'])
    expect(flaws('shop.mend')).toEqual([])
    expect(armLabel([{ id: 'shop.mend', step: 1 }], today)).toBe(
      'the shop without its planted scan-search, hot-row, n-plus-one',
    )
  })

  it('do not apply where nothing of theirs is planted', () => {
    for (const id of ['database.index', 'checkout.shorten-lock', 'shop.mend'] as const)
      expect(FIXES[id].appliesTo(topology())).toMatch(/planted/)
  })
})

describe('app.pool-size', () => {
  const steps = (change: Change, asked: Asked = ASKED) =>
    FIXES['app.pool-size'].steps(topology(change), asked)
  const applies = (change: Change) => FIXES['app.pool-size'].appliesTo(topology(change))

  it('doubles today’s pool until the connections should carry the peak', () => {
    // 10 connections carry 20/s, so 60/s take 30.
    expect(steps({})[0]).toBe(40)
    expect(steps({}, { ...ASKED, neededPerSec: 21, capacityPerSec: 20 })[0]).toBe(20)
    expect(steps({}, { ...ASKED, neededPerSec: 60, capacityPerSec: null })[0]).toBe(20)
  })

  it('goes as far as the database has connections for all servers, and not beyond', () => {
    expect(steps({ app: { instances: 4 } })).toEqual([20])
    expect(applies({ app: { instances: 4, poolSize: 13 } })).toBe(
      'pools twice as large, 4 × 26, are more than the 100 connections that the database allows',
    )
  })

  it('is bound by no connections of the database where a pooler shares them out', () => {
    const pooled = { app: { instances: 4, poolSize: 20 }, database: { maxConnections: 10 } }
    expect(steps({ ...pooled, pooler: { kind: 'pgbouncer' } })[0]).toBe(80)
  })

  it('makes pools smaller that add up to more than the database allows', () => {
    const tooMany = { app: { instances: 4, poolSize: 20 }, database: { maxConnections: 10 } }
    expect(applies(tooMany)).toBe(true)
    expect(steps(tooMany)).toEqual([2])
    expect(applies({ app: { instances: 11 }, database: { maxConnections: 10 } })).toMatch(/cannot share/)
  })
})

describe('pooler.add', () => {
  const fix = FIXES['pooler.add']

  it('starts with the usual pool, and goes as far as the database has connections', () => {
    expect(fix.steps(topology(), ASKED)).toEqual([20, 40, 80, 100])
    expect(fix.steps(topology({ database: { maxConnections: 10 } }), ASKED)).toEqual([10])
    expect(applyFixes(topology(), [{ id: 'pooler.add', step: 40 }]).pooler).toEqual({
      ...DEFAULT_TOPOLOGY.pooler,
      kind: 'pgbouncer',
      poolSize: 40,
    })
  })

  it('is not tried unasked where the database has a connection for every one of the pools', () => {
    const pools = (instances: number) => topology({ app: { instances, poolSize: 20 } })
    expect(fix.offeredWhere?.(pools(5))).toBe(false)
    expect(fix.offeredWhere?.(pools(6))).toBe(true)
  })

  it('does not apply where one is', () => {
    expect(fix.appliesTo(topology({ pooler: { kind: 'pgbouncer' } }))).toMatch(/already/)
  })
})

it('replicas are added to those there are, three at most', () => {
  const fix = FIXES['database.replica']
  const having = (replicas: number) => topology({ database: { replicas } })
  // Today carries 20/s, and 60/s are needed.
  expect(fix.steps(having(0), ASKED)).toEqual([3])
  expect(fix.steps(having(0), { ...ASKED, neededPerSec: 30, capacityPerSec: 20 })).toEqual([2, 3])
  expect(fix.steps(having(0), { ...ASKED, neededPerSec: 30, capacityPerSec: null })).toEqual([2, 3])
  expect(fix.steps(having(1), { ...ASKED, neededPerSec: 30, capacityPerSec: 20 })).toEqual([1, 2])
  expect(fix.steps(having(2), ASKED)).toEqual([1])
  expect(applyFixes(having(1), [{ id: 'database.replica', step: 2 }]).database.replicas).toBe(3)
  expect(fix.label(2, having(0))).toBe('two read replicas')
  expect(fix.label(1, having(1))).toBe('one more read replica')
  expect(fix.appliesTo(having(3))).toMatch(/3 read replicas already/)
})

it('a cache in Redis brings Redis with it, and takes the place of one in each server', () => {
  const today = topology({ app: { settings: { cache: 'process', cacheTtlMs: 1000 } } })
  const { app, cache } = applyFixes(today, [{ id: 'cache.redis', step: 1 }])
  expect(app.settings).toEqual({ cache: 'redis', cacheTtlMs: 1000, singleFlight: 1 })
  expect(cache.kind).toBe('redis')
  expect(FIXES['cache.redis'].appliesTo(topology({ app: { settings: { cache: 'redis' } } }))).toMatch(
    /already/,
  )
})

describe('settings of the app', () => {
  it('are laid over those it has', () => {
    const today = topology({ app: { settings: { products: 50_000 } } })
    const settings = (id: FixId, step = 1) => applyFixes(today, [{ id, step }]).app.settings
    expect(settings('cache.add')).toEqual({ products: 50_000, cache: 'process', singleFlight: 1 })
    expect(settings('shop.degrade')).toEqual({ products: 50_000, degrade: 'on' })
    expect(settings('shop.waiting-room', 7)).toEqual({ products: 50_000, waitingRoomAdmitsPerSec: 7 })
  })

  it('are not changed where they are so already', () => {
    const set = (settings: Topology['app']['settings']) => topology({ app: { settings } })
    expect(FIXES['cache.add'].appliesTo(set({ cache: 'redis' }))).toMatch(/keeps pages already/)
    expect(FIXES['shop.degrade'].appliesTo(set({ degrade: 'on' }))).toMatch(/already/)
    expect(FIXES['shop.waiting-room'].appliesTo(set({ waitingRoomAdmitsPerSec: 5 }))).toMatch(/already/)
    expect(FIXES['cache.single-flight'].appliesTo(set({}))).toMatch(/keeps no pages/)
    expect(FIXES['cache.single-flight'].appliesTo(set({ cache: 'redis', singleFlight: 1 }))).toMatch(
      /has it already/,
    )
  })

  it('the waiting room lets in most of what today surely carries, shared out among the servers', () => {
    const { steps, label } = FIXES['shop.waiting-room']
    const three = topology({ app: { instances: 3 } })
    // Four fifths of 18.
    expect(steps(three, ASKED)).toEqual([4])
    expect(label(4, three)).toContain('12 shoppers/s')
    expect(steps(three, { ...ASKED, capacityPerSec: null, surelyPerSec: null })).toEqual([])
  })
})

describe('the balancer', () => {
  it('allows each server as many requests as it has connections', () => {
    expect(applyFixes(topology(), [{ id: 'balancer.limit', step: 10 }]).balancer).toMatchObject({
      maxConnectionsPerServer: 10,
      queueTimeoutMs: 100,
    })
    expect(FIXES['balancer.limit'].appliesTo(topology({ balancer: { engine: 'none' } }))).toMatch(
      /no balancer/,
    )
    expect(FIXES['balancer.limit'].appliesTo(topology({ balancer: { maxConnectionsPerServer: 8 } }))).toMatch(
      /no more than 8/,
    )
  })

  it('takes another algorithm than today’s, one that its engine has', () => {
    const first = (balancer: Partial<Topology['balancer']>) => {
      const today = topology({ balancer, app: { instances: 2 } })
      const [step] = FIXES['balancer.algorithm'].steps(today, ASKED)
      return applyFixes(today, [{ id: 'balancer.algorithm', step: step! }]).balancer.algorithm
    }
    expect(first({})).toBe('ewma')
    expect(first({ engine: 'haproxy' })).toBe('random-two')
    expect(first({ algorithm: 'round-robin' })).toBe('least-connections')
    expect(FIXES['balancer.algorithm'].appliesTo(topology())).toMatch(/one app server/)
  })

  it('spreads the same CPU over more servers', () => {
    const today = topology({ app: { instances: 2, cpu: 0.3 } })
    const [step] = FIXES['balancer.spread'].steps(today, ASKED)
    const { app } = applyFixes(today, [{ id: 'balancer.spread', step: step! }])
    expect(app.instances).toBe(4)
    expect(app.instances * app.cpu).toBeCloseTo(0.6)
  })
})

it('the database without its settings keeps its size', () => {
  const own = { shared_buffers: '32MB', work_mem: '256MB' }
  const today = topology({ database: { cpu: 0.4, maxConnections: 20, settings: own } })
  expect(applyFixes(today, [{ id: 'database.settings', step: 1 }]).database).toEqual({
    ...today.database,
    settings: { shared_buffers: '32MB' },
  })
  expect(armLabel([{ id: 'database.settings', step: 1 }], today)).toBe(
    'the database without its own work_mem',
  )
  const sized = topology({ database: { settings: { shared_buffers: '32MB' } } })
  for (const none of [topology(), sized])
    expect(FIXES['database.settings'].appliesTo(none)).toMatch(/sets nothing/)
})
