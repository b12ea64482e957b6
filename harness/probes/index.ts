import type { Probe } from '../ports.ts'
import { appProbe } from './app.ts'
import { balancerProbe } from './balancer.ts'
import { cpuProbe } from './cpu.ts'
import { databaseProbe } from './database.ts'
import { hostProbe } from './host.ts'
import { memoryProbe } from './memory.ts'
import { namedMetricsProbe } from './named-metrics.ts'
import { poolerProbe } from './pooler.ts'
import { redisProbe } from './redis.ts'
import { replicaProbe } from './replica.ts'

/** Every probe; one whose endpoint is absent reads nothing. The generator's series come from the engine itself. */
export const PROBES: readonly Probe[] = [
  cpuProbe,
  databaseProbe,
  memoryProbe,
  replicaProbe,
  appProbe,
  balancerProbe,
  hostProbe,
  namedMetricsProbe,
  poolerProbe,
  redisProbe,
]
