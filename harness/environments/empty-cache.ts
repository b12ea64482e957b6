import { HarnessError } from '../core/errors.ts'
import { redisCommand } from './redis-command.ts'

/** Throws away all that Redis keeps: every arm starts from the same state. */
export async function emptyCache(port: number): Promise<void> {
  const answer = await redisCommand(port, 'FLUSHALL SYNC')
  if (answer === '+OK') return
  throw new HarnessError({
    code: 'environment',
    message: `Redis could not be emptied: ${answer}`,
    where: 'redis',
    hint: 'Redis 6.2 or newer is needed; or use topology.cache.kind=none',
  })
}
