import { expect, test } from 'vitest'
import { cacheWords, databaseWords, poolerWords } from './beside-words.ts'

const POOLER = { kind: 'pgbouncer', poolMode: 'transaction', poolSize: 20 } as const
const NO_POOLER = { ...POOLER, kind: 'none' } as const
const REDIS = { kind: 'redis', memoryMb: 64 } as const
const NO_REDIS = { kind: 'none', memoryMb: 64 } as const

test('a pooler is told where there was one, today or with a fix', () => {
  expect(poolerWords([POOLER])).toBe('PgBouncer, 20 connections shared by transaction')
  expect(poolerWords([NO_POOLER, { ...POOLER, poolSize: 40 }])).toBe(
    'none; with fixes: PgBouncer, 40 connections shared by transaction',
  )
  for (const none of [[NO_POOLER], [], undefined]) expect(poolerWords(none)).toBe(null)
})

test('so is a cache', () => {
  expect(cacheWords([REDIS])).toBe('Redis, at most 64 MB')
  expect(cacheWords([NO_REDIS, REDIS])).toBe('none; with fixes: Redis, at most 64 MB')
  expect(cacheWords([NO_REDIS])).toBe(null)
})

test('and replicas of the database, and a limit of its memory', () => {
  const plain = { replicas: 0, replicaApplyDelayMs: 0, memoryMb: null }
  expect(databaseWords([plain])).toBe(null)
  expect(databaseWords([{ replicas: 2, replicaApplyDelayMs: 500, memoryMb: 112 }])).toBe(
    '2 read replicas, which show a commit 500 ms late; at most 112 MB of memory',
  )
  expect(databaseWords([plain, { ...plain, replicas: 1 }])).toBe('none; with fixes: 1 read replica')
})
