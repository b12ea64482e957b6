import { appCpu } from './app-cpu.ts'
import { cacheStampede } from './cache-stampede.ts'
import { databaseBloat } from './database-bloat.ts'
import { databaseConnections } from './database-connections.ts'
import { databaseCpu } from './database-cpu.ts'
import { databaseIdleInTransaction } from './database-idle-in-transaction.ts'
import { databaseLock } from './database-lock.ts'
import { databaseMemory } from './database-memory.ts'
import { databaseMissingIndex } from './database-missing-index.ts'
import { databaseWal } from './database-wal.ts'
import { generator } from './generator.ts'
import { poolWait } from './pool-wait.ts'
import { replicaLag } from './replica-lag.ts'
import { retryStorm } from './retry-storm.ts'
import type { Rule } from './rule.ts'

/** Every class that can be named, one line each. `none` is what is left when no other stands (`rank.ts`). */
export const RULES: readonly Rule[] = [
  databaseCpu,
  databaseMissingIndex,
  databaseLock,
  databaseConnections,
  databaseWal,
  databaseBloat,
  databaseIdleInTransaction,
  databaseMemory,
  replicaLag,
  cacheStampede,
  retryStorm,
  poolWait,
  appCpu,
  generator,
]
