import { Redis } from 'ioredis'
import type { Probe } from '../ports.ts'

const TIMEOUT_MS = 900

/** What Redis says of itself (INFO): its one core, its memory, and what it had to throw away. */
export const redisProbe: Probe = {
  name: 'redis',
  intervalMs: 1000,
  async open(endpoints, clock) {
    let redis: Redis | null = null
    let here: string | null = null
    let before: { readonly atUs: number; readonly info: ReadonlyMap<string, number> } | null = null

    /** It comes and goes with fixes. */
    function look(url: string | null): void {
      if (url === here) return
      redis?.disconnect()
      here = url
      before = null
      redis = url === null ? null : connect(url)
    }
    look(endpoints.cache()?.url ?? null)

    return {
      async sample() {
        const cache = endpoints.cache()
        look(cache?.url ?? null)
        const text = await redis?.info().catch(() => null)
        if (!cache || !text) return []
        const atUs = clock.nowUs()
        const info = readInfo(text)
        const last = before
        before = { atUs, info }
        const number = (name: string) => info.get(name) ?? 0
        const gained = (name: string) => number(name) - (last?.info.get(name) ?? 0)
        const sec = last ? (atUs - last.atUs) / 1e6 : 0
        // Counters that went back belong to another process.
        const comparable = sec > 0 && gained('total_commands_processed') >= 0
        return [
          {
            atUs,
            probe: 'redis',
            role: 'cache',
            component: cache.component,
            values: {
              clients: number('connected_clients'),
              clientsBlocked: number('blocked_clients'),
              memoryMb: number('used_memory') / 2 ** 20,
              ...(comparable && {
                commandsPerSec: gained('total_commands_processed') / sec,
                hitsPerSec: gained('keyspace_hits') / sec,
                missesPerSec: gained('keyspace_misses') / sec,
                evictedPerSec: gained('evicted_keys') / sec,
                cpuCores: (gained('used_cpu_user') + gained('used_cpu_sys')) / sec,
              }),
            },
          },
        ]
      },
      close: async () => redis?.disconnect(),
    }
  },
}

function connect(url: string): Redis {
  const redis = new Redis(url, {
    connectionName: 'doorbuster',
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  })
  redis.on('error', () => {})
  return redis
}

/** "name:value" lines; what is no number is left out. */
function readInfo(text: string): ReadonlyMap<string, number> {
  const values = text.split('\r\n').flatMap((line): [string, number][] => {
    const [name = '', value = ''] = line.split(':')
    return value !== '' && Number.isFinite(Number(value)) ? [[name, Number(value)]] : []
  })
  return new Map(values)
}
