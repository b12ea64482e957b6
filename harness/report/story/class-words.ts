import type { BottleneckClass } from '../../core/bottleneck.ts'

type ClassWords = {
  /** As it reads in a sentence: "database CPU". */
  readonly name: string
  /** What shoppers run into, for somebody who has never seen a database. */
  readonly means: string
}

const WORDS: Readonly<Record<BottleneckClass, ClassWords>> = {
  'database-cpu': {
    name: 'database CPU',
    means: 'The database server has no processor time left: every page waits for its turn to compute.',
  },
  'database-missing-index': {
    name: 'missing database index',
    means: 'The database reads whole tables to find a few rows, again and again.',
  },
  'database-lock': {
    name: 'database locks',
    means: 'Many orders change the same row, and each has to wait until the one before it is done.',
  },
  'database-connections': {
    name: 'database connections',
    means:
      'The app servers ask for more connections than the database has to give: it refuses them, and pages fail.',
  },
  'database-wal': {
    name: 'write-ahead log',
    means:
      'Orders wait for the database to write them to its disk, one batch after the other, while it has time.',
  },
  'database-bloat': {
    name: 'table bloat',
    means:
      'Each change leaves a dead row behind that nobody clears away, and the database works its way around them.',
  },
  'database-idle-in-transaction': {
    name: 'idle transactions',
    means:
      'The app keeps database connections open while it does something else: pages queue for one while nothing happens on them.',
  },
  'database-memory': {
    name: 'database memory',
    means:
      'The database server needs more memory than it has: the system kills one of its sessions, and all others end with it.',
  },
  'replica-lag': {
    name: 'replica lag',
    means:
      'Pages are read from a copy of the database that is behind: shoppers do not find what they have just done.',
  },
  'cache-stampede': {
    name: 'cache stampede',
    means: 'Kept pages expire together, and then everybody who wants one makes the database find it again.',
  },
  'retry-storm': {
    name: 'retry storm',
    means: 'The app works on slow pages again and again, which makes every page slower still.',
  },
  'pool-wait': {
    name: 'connection pool',
    means: 'The app servers have too few database connections: pages queue for one while the database idles.',
  },
  'app-cpu': {
    name: 'app CPU',
    means: 'The app servers have no processor time left to build pages.',
  },
  generator: {
    name: 'load generator',
    means:
      'The machine that plays the shoppers could not send them in time: this says nothing about the shop.',
  },
  none: { name: 'nothing', means: 'No resource was seen at its limit.' },
}

/** A bottleneck class in plain words. */
export function classWords(id: BottleneckClass): ClassWords {
  return WORDS[id]
}
