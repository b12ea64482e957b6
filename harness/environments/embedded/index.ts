import { rmSync } from 'node:fs'
import { HarnessError } from '../../core/errors.ts'
import type { Environment, EnvironmentSpec, Running } from '../../ports.ts'
import { checkRedisIsThere } from '../check-redis.ts'
import { checkFit } from '../whether-it-fits.ts'
import { bringUp } from './bring-up.ts'
import { forcedMeans } from './budgets/forced-means.ts'
import { canLimitMemory } from './budgets/memory-limits.ts'
import { checkPrograms } from './check-programs.ts'
import { makeRunFolder } from './run-folder.ts'
import { runningOf } from './running.ts'
import { connectSupervisor } from './supervisor/connect.ts'
import { sweepLeftovers } from './sweep-leftovers.ts'

/**
 * A real Postgres, app instances and a balancer as processes of this machine, under one supervisor that ends them
 * all however the harness ends. The variable DOORBUSTER_BUDGETS forces a means of enforcing CPU budgets.
 */
export function embeddedEnvironment(): Environment {
  return { up }
}

async function up(
  spec: EnvironmentSpec,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<Running> {
  forcedMeans()
  checkFit(spec.topology)
  // Before anything is started: what is not there will not be there later.
  checkPrograms(spec.topology)
  checkRedisIsThere(spec)
  checkMemory(spec)
  if (signal.aborted) throw interrupted()
  await sweepLeftovers()
  const { path, run } = makeRunFolder(spec.topology.database.replicas)
  const supervisor = connectSupervisor(path, run)
  const abandoned = new AbortController()
  const stopWaiting = (): void => abandoned.abort(signal.reason)
  signal.addEventListener('abort', stopWaiting)
  // A component that dies while others are waited for is found by whoever waits for it; an abort ends every wait.
  const aborted = new Promise<never>((_, reject) => {
    abandoned.signal.addEventListener('abort', () => reject(interrupted()))
  })
  const bringing = bringUp(spec, path, supervisor, progress, abandoned.signal)
  try {
    const { stand, proxy } = await Promise.race([bringing, aborted])
    return runningOf(spec, stand, supervisor, proxy)
  } catch (error) {
    abandoned.abort()
    await supervisor.down()
    // Whatever was still under way (a bundle being written) may have made the folder anew.
    await Promise.allSettled([bringing])
    rmSync(path, { recursive: true, force: true })
    throw signal.aborted ? interrupted() : asEnvironmentError(error)
  } finally {
    signal.removeEventListener('abort', stopWaiting)
    aborted.catch(() => {})
  }
}

function checkMemory({ topology }: EnvironmentSpec): void {
  const limitable = topology.database.memoryMb === null ? true : canLimitMemory()
  if (limitable === true) return
  throw new HarnessError({
    code: 'environment',
    message: `the database's memory cannot be limited: ${limitable}`,
    where: 'topology: database.memoryMb',
    hint: 'leave it out (--set topology.database.memoryMb=none), or run as root where cgroup v1 has a memory controller',
  })
}

function interrupted(): HarnessError {
  return new HarnessError({ code: 'interrupted', message: 'interrupted while the environment came up' })
}

/** What the operating system refuses is told as what it is; everything else is a bug and stays as it is. */
function asEnvironmentError(error: unknown): unknown {
  if (error instanceof HarnessError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) return error
  return new HarnessError({
    code: 'environment',
    message: `the environment did not come up: ${message}`,
    where: (error as NodeJS.ErrnoException).path ?? 'embedded environment',
    hint:
      code === 'ENOSPC' ? 'free some disk space in the temporary folder (TMPDIR)' : 'see the message above',
    cause: error,
  })
}
