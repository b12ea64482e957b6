import { expect, test } from 'vitest'
import { DEFAULT_TOPOLOGY } from '../../../core/topology.ts'
import { appVariables, settingVariable } from '../../app-variables.ts'
import { tinyApp } from '../testing/tiny-spec.ts'
import { fillCommand } from './fill-command.ts'

test('settings and flaws of the topology become variables of the shop', () => {
  const topology = {
    ...DEFAULT_TOPOLOGY.app,
    poolSize: 7,
    settings: { poolTimeoutMs: 500 },
    flaws: ['hot-row', 'n-plus-one'],
  }
  expect(appVariables(tinyApp({ OWN: 'value' }), topology, { databaseUrl: 'postgresql://db' })).toMatchObject(
    {
      DATABASE_URL: 'postgresql://db',
      POOL_SIZE: '7',
      SHOP_POOL_TIMEOUT_MS: '500',
      SHOP_FLAWS: 'hot-row,n-plus-one',
      NODE_ENV: 'production',
      OWN: 'value',
    },
  )
})

test('the app is told of read replicas and of Redis, and of none when there are none', () => {
  const { app } = DEFAULT_TOPOLOGY
  const databaseUrl = 'postgresql://db'
  const replicaUrls = ['postgresql://one', 'postgresql://two']
  expect(appVariables(tinyApp(), app, { databaseUrl, replicaUrls, redisUrl: 'redis://here' })).toMatchObject({
    SHOP_REPLICA_URLS: 'postgresql://one,postgresql://two',
    REDIS_URL: 'redis://here',
  })
  const alone = appVariables(tinyApp(), app, { databaseUrl })
  expect(alone).not.toHaveProperty('SHOP_REPLICA_URLS')
  expect(alone).not.toHaveProperty('REDIS_URL')
})

test('camel case becomes snake case in capitals', () => {
  expect(['poolTimeoutMs', 'ttl', 'http2Max'].map(settingVariable)).toEqual([
    'SHOP_POOL_TIMEOUT_MS',
    'SHOP_TTL',
    'SHOP_HTTP2_MAX',
  ])
})

test('{bundle} stands for the bundle, node for this Node.js', () => {
  expect(fillCommand(['node', '--enable-source-maps', '{bundle}'], '/b.mjs')).toEqual({
    command: process.execPath,
    args: ['--enable-source-maps', '/b.mjs'],
  })
  expect(fillCommand(['./serve'], null)).toEqual({ command: './serve', args: [] })
})
