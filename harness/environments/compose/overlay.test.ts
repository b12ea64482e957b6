import { describe, expect, it } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import { type OverlayParts, overlay } from './overlay.ts'

const PARTS: OverlayParts = {
  app: { env: {} },
  image: 'run-shop:run',
  imageFolder: '/run/image',
  baseImage: 'node:22-slim',
  balancerFolder: '/run/balancer',
  poolerFolder: '/run/pooler',
  databasePort: 21_000,
  user: '1000:1000',
}

type Shown = Readonly<Record<string, Record<string, unknown> & { environment: Record<string, string> }>>
const services = (topology: Topology, parts: Partial<OverlayParts> = {}) =>
  overlay(topology, { ...PARTS, ...parts }).services as Shown

describe('the overlay of a topology', () => {
  it('turns the app’s knobs, in its servers and in the seed', () => {
    const app = {
      ...DEFAULT_TOPOLOGY.app,
      poolSize: 7,
      settings: { size: 'M', homeProducts: 12 },
      flaws: ['hot-row', 'n-plus-one'],
    }
    const { shop, seed } = services({ ...DEFAULT_TOPOLOGY, app })
    const knobs = {
      POOL_SIZE: '7',
      SHOP_SIZE: 'M',
      SHOP_HOME_PRODUCTS: '12',
      SHOP_FLAWS: 'hot-row,n-plus-one',
    }
    expect(shop!.environment).toMatchObject(knobs)
    expect(seed!.environment).toMatchObject(knobs)
  })

  it('turns the database’s settings, and keeps connections of its own beside the app’s', () => {
    const database = { ...DEFAULT_TOPOLOGY.database, maxConnections: 20, settings: { work_mem: '8MB' } }
    const { command } = services({ ...DEFAULT_TOPOLOGY, database })['database']!
    expect(command).toEqual(expect.arrayContaining(['max_connections=28', 'work_mem=8MB', 'autovacuum=off']))
  })

  it('publishes on loopback only', () => {
    const ports = Object.values(services(DEFAULT_TOPOLOGY)).flatMap(({ ports }) => (ports ?? []) as string[])
    expect(ports).toHaveLength(5)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d*:\d+$/)
  })

  it('leaves CPU without a limit, for a limit of another period is to come', () => {
    for (const [name, { deploy }] of Object.entries(services(DEFAULT_TOPOLOGY)))
      expect(deploy, name).toMatchObject({ resources: { limits: { cpus: '0' } } })
  })

  it('tells the app of a pooler, replicas and a Redis where the topology has them, and the seed of none', () => {
    const plain = services(DEFAULT_TOPOLOGY)['shop']!.environment
    expect(plain).toMatchObject({
      DATABASE_URL: 'postgres://shop@database:5432/shop',
      SHOP_REPLICA_URLS: '',
      REDIS_URL: '',
    })
    const topology: Topology = {
      ...DEFAULT_TOPOLOGY,
      pooler: { ...DEFAULT_TOPOLOGY.pooler, kind: 'pgbouncer' },
      cache: { ...DEFAULT_TOPOLOGY.cache, kind: 'redis', memoryMb: 32 },
    }
    const { shop, seed, cache } = overlay(topology, PARTS, ['10.0.0.7', '10.0.0.8']).services as Shown
    expect(shop!.environment).toMatchObject({
      DATABASE_URL: 'postgres://shop@pooler:5432/shop',
      SHOP_REPLICA_URLS: 'postgres://shop@10.0.0.7:5432/shop,postgres://shop@10.0.0.8:5432/shop',
      REDIS_URL: 'redis://cache:6379',
    })
    expect(seed!.environment).not.toHaveProperty('SHOP_REPLICA_URLS')
    expect(seed!.environment['DATABASE_URL']).toBe('postgres://shop@database:5432/shop')
    expect(cache!['command']).toEqual(expect.arrayContaining(['--maxmemory', '32mb']))
  })

  it('starts a replica with the settings of its primary', () => {
    const database = { ...DEFAULT_TOPOLOGY.database, maxConnections: 20 }
    const { replica } = services({ ...DEFAULT_TOPOLOGY, database })
    expect(replica!['command']).toEqual(expect.arrayContaining(['max_connections=28']))
  })

  it('doubles every $, which Compose would take for a variable', () => {
    const settings = { secret: 'a$b$C' }
    const { shop } = services({ ...DEFAULT_TOPOLOGY, app: { ...DEFAULT_TOPOLOGY.app, settings } })
    expect(shop!.environment['SHOP_SECRET']).toBe('a$$b$$C')
  })
})
