import { describe, expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { KNOBS } from './knobs.ts'

const DATABASE_URL = 'postgres://localhost/shop'

describe('readConfig', () => {
  test('needs nothing but a database: every knob has its default', () => {
    const config = readConfig({ DATABASE_URL })
    for (const [name, { byDefault }] of Object.entries(KNOBS)) {
      expect(config[name as keyof typeof KNOBS], name).toBe(byDefault)
    }
    expect(config).toMatchObject({ host: '127.0.0.1', port: 3000, instance: 'app-1' })
    expect(config.flaws.size).toBe(0)
  })

  test('reads what it is given; blank means not given', () => {
    const config = readConfig({
      DATABASE_URL,
      POOL_SIZE: '7',
      SHOP_FLAWS: 'hot-row, cpu-heavy',
      SHOP_SEED: ' ',
      PATH: '/bin',
    })
    expect(config.poolSize).toBe(7)
    expect([...config.flaws]).toEqual(['hot-row', 'cpu-heavy'])
    expect(config.seed).toBe(KNOBS.seed.byDefault)
  })

  test('the payment is slow by default when a flaw makes others wait for it', () => {
    expect(readConfig({ DATABASE_URL, SHOP_FLAWS: 'hot-row' }).paymentMs).toBe(60)
    expect(readConfig({ DATABASE_URL, SHOP_FLAWS: 'pool-held' }).paymentMs).toBe(60)
    expect(readConfig({ DATABASE_URL, SHOP_FLAWS: 'cpu-heavy' }).paymentMs).toBe(20)
    expect(readConfig({ DATABASE_URL, SHOP_FLAWS: 'hot-row', SHOP_PAYMENT_MS: '5' }).paymentMs).toBe(5)
  })

  test('a size is so many rows of everything; a single knob goes over it', () => {
    const seeded = (environment: Readonly<Record<string, string>>) => {
      const { products, reviews, pastOrders } = readConfig({ DATABASE_URL, ...environment })
      return { products, reviews, pastOrders }
    }
    expect(seeded({})).toEqual({ products: 10_000, reviews: 50_000, pastOrders: 40_000 })
    expect(seeded({ SHOP_SIZE: 'M', SHOP_REVIEWS: '7' })).toEqual({
      products: 100_000,
      reviews: 7,
      pastOrders: 400_000,
    })
    expect(seeded({ SHOP_SIZE: 'L' })).toMatchObject({ products: 1_000_000, pastOrders: 4_000_000 })
    expect(() => readConfig({ DATABASE_URL, SHOP_SIZE: 'XL' })).toThrow(
      /SHOP_SIZE: expected S or M or L, got "XL"/,
    )
  })

  test('what protects the shop is off until it is asked for', () => {
    const config = readConfig({ DATABASE_URL })
    expect(config).toMatchObject({ cache: 'none', degrade: 'off', logRequests: 'errors', replicaUrls: [] })
    expect(config).toMatchObject({ maxConcurrent: 0, waitingRoomAdmitsPerSec: 0, paymentFailureRatio: 0 })
    // Instances of one shop agree on the secret without being told.
    expect(config.secret).toBe(readConfig({ DATABASE_URL, INSTANCE: 'app-2' }).secret)
    expect(config.secret).not.toBe(readConfig({ DATABASE_URL: `${DATABASE_URL}2` }).secret)
    const asked = readConfig({
      DATABASE_URL,
      SHOP_CACHE: 'redis',
      SHOP_DEGRADE: 'auto',
      SHOP_PAYMENT_FAILURE_RATIO: '0.25',
      SHOP_REPLICA_URLS: 'postgres://a/x, postgres://b/x',
    })
    expect(asked).toMatchObject({ cache: 'redis', degrade: 'auto', paymentFailureRatio: 0.25 })
    expect(asked.replicaUrls).toEqual(['postgres://a/x', 'postgres://b/x'])
    const wrong = () =>
      readConfig({
        DATABASE_URL,
        SHOP_CACHE: 'disk',
        SHOP_PAYMENT_FAILURE_RATIO: '2',
        SHOP_REPLICA_URLS: 'b',
      })
    expect(wrong).toThrow(/SHOP_CACHE: expected one of none, process, redis, got "disk"/)
    expect(wrong).toThrow(/SHOP_PAYMENT_FAILURE_RATIO: expected a number from 0 to 1, got "2"/)
    expect(wrong).toThrow(/SHOP_REPLICA_URLS: expected a comma list of postgres:\/\/ URLs, got "b"/)
  })

  test('lists every problem at once, with what was expected and what was given', () => {
    const read = () =>
      readConfig({
        PORT: '99999',
        POOL_SIZE: 'many',
        SHOP_PAYMENT_MS: '-1',
        SHOP_FLAWS: 'hot-row,typo',
        SHOP_POOLSIZE: '3',
      })
    expect(read).toThrow(/DATABASE_URL: expected the URL of a Postgres database, got nothing/)
    expect(read).toThrow(/PORT: expected a whole number from 0 to 65535, got "99999"/)
    expect(read).toThrow(/POOL_SIZE: expected a whole number of connections from 1 to 500, got "many"/)
    expect(read).toThrow(/SHOP_PAYMENT_MS: expected a whole number of ms from 0 to 60000, got "-1"/)
    expect(read).toThrow(/SHOP_FLAWS: expected a comma list of .*pool-held.*, got "hot-row,typo"/)
    expect(read).toThrow(/SHOP_POOLSIZE: no such setting/)
  })
})

test('secrets: one of its own for each database unless given, never shown, none for the admin', () => {
  const secret = (env: Record<string, string>) => readConfig({ DATABASE_URL, ...env }).secret
  expect(secret({})).toBe(secret({}))
  expect(secret({})).not.toBe(secret({ DATABASE_URL: 'postgres://localhost/other' }))
  expect(secret({ SHOP_SECRET: 'sixteen letters!' })).toBe('sixteen letters!')
  expect(readConfig({ DATABASE_URL }).adminPassword).toBeNull()
  const short = () => readConfig({ DATABASE_URL, SHOP_SECRET: 'hush', SHOP_ADMIN_PASSWORD: 'psst' })
  expect(short).toThrow(
    /SHOP_SECRET: expected at least 16 characters\n.*SHOP_ADMIN_PASSWORD: expected at least 8/,
  )
  expect(short).not.toThrow(/hush|psst/)
})

test('knobs do not share a variable and their defaults are within their ranges', () => {
  const knobs = Object.values(KNOBS)
  expect(new Set(knobs.map(({ env }) => env)).size).toBe(knobs.length)
  for (const { env, byDefault, from, to } of knobs) {
    expect(byDefault >= from && byDefault <= to, env).toBe(true)
  }
})
