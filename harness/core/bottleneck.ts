/** The ids of every bottleneck this version can name. */
export const BOTTLENECK_CLASSES = [
  'database-cpu',
  'database-missing-index',
  'database-lock',
  'database-connections',
  'database-wal',
  'database-bloat',
  'database-idle-in-transaction',
  'database-memory',
  'replica-lag',
  'cache-stampede',
  'retry-storm',
  'pool-wait',
  'app-cpu',
  'generator',
  'none',
] as const

export type BottleneckClass = (typeof BOTTLENECK_CLASSES)[number]
