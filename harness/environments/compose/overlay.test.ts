import { describe, expect, it } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import { type OverlayParts, overlay } from './overlay.ts'

const PARTS: OverlayParts = {
  app: { env: {} },
  image: 'run-shop:run',
  imageFolder: '/run/image',
  baseImage: 'node:22-slim',
  balancerFolder: '/run/balancer',
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
    expect(ports).toEqual(['127.0.0.1:21000:5432', '127.0.0.1::8080'])
  })

  it('leaves CPU without a limit, for a limit of another period is to come', () => {
    for (const [name, { deploy }] of Object.entries(services(DEFAULT_TOPOLOGY)))
      expect(deploy, name).toMatchObject({ resources: { limits: { cpus: '0' } } })
  })

  it('doubles every $, which Compose would take for a variable', () => {
    const settings = { secret: 'a$b$C' }
    const { shop } = services({ ...DEFAULT_TOPOLOGY, app: { ...DEFAULT_TOPOLOGY.app, settings } })
    expect(shop!.environment['SHOP_SECRET']).toBe('a$$b$$C')
  })
})
