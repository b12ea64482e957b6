import type { CacheTopology } from '../../../core/topology.ts'
import { redisCommand } from '../../redis-command.ts'
import { type ServerHome, surroundings } from '../postgres/server.ts'
import { type Listening, startListening } from '../start-listening.ts'
import type { Supervisor } from '../supervisor/connect.ts'
import { findRedis } from './find-redis.ts'

export const CACHE = 'redis'

const READY_WITHIN_MS = 10_000

/**
 * Starts Redis as a cache: nothing is written to disk, and what was not asked for the longest goes first. Whoever can
 * reach it can make it write files, so it does not run as root, either.
 */
export function startRedis(
  supervisor: Supervisor,
  home: ServerHome,
  topology: CacheTopology,
  signal: AbortSignal,
  port?: number,
): Promise<Listening> {
  const program = findRedis()
  return startListening({
    supervisor,
    signal,
    withinMs: READY_WITHIN_MS,
    ...(port === undefined ? {} : { port }),
    program: (chosen) => ({
      ...surroundings(home),
      name: CACHE,
      role: 'cache',
      endWith: 'SIGTERM',
      command: program,
      args: [
        ...['--port', String(chosen), '--bind', '127.0.0.1'],
        ...['--save', '', '--appendonly', 'no'],
        ...['--maxmemory', `${topology.memoryMb}mb`, '--maxmemory-policy', 'allkeys-lru'],
      ],
    }),
    ready: (chosen) =>
      redisCommand(chosen, 'PING').then(
        (answer) => answer === '+PONG',
        () => false,
      ),
    hint: 'the lines above are Redis’ own words',
  })
}
