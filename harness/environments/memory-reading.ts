import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type MemoryReading = {
  readonly limitBytes: number
  /** What its processes hold and nobody can take from them: their own memory and what they share. */
  readonly heldBytes: number
  /** Copies of files, which the kernel gives up when memory runs short. */
  readonly cacheBytes: number
  /** Processes that the kernel has killed for want of memory since the group was made. */
  readonly kills: number
}

/** Of a group of the controller of version 1, in whose statistics shared memory is counted with the copies of files. */
export function memoryOfV1(folder: string, limitBytes: number): MemoryReading {
  const stat = countsIn(join(folder, 'memory.stat'))
  const kills = countsIn(join(folder, 'memory.oom_control')).get('oom_kill') ?? 0
  return reading(limitBytes, kills, {
    own: stat.get('rss'),
    shared: stat.get('shmem'),
    files: stat.get('cache'),
  })
}

/** Of a group of version 2. */
export function memoryOfV2(folder: string, limitBytes: number): MemoryReading {
  const stat = countsIn(join(folder, 'memory.stat'))
  const kills = countsIn(join(folder, 'memory.events')).get('oom_kill') ?? 0
  return reading(limitBytes, kills, {
    own: stat.get('anon'),
    shared: stat.get('shmem'),
    files: stat.get('file'),
  })
}

/** `files` includes `shared`; what the kernel does not tell of is counted as none. */
function reading(
  limitBytes: number,
  kills: number,
  { own = 0, shared = 0, files = 0 }: Readonly<Record<'own' | 'shared' | 'files', number | undefined>>,
): MemoryReading {
  return { limitBytes, heldBytes: own + shared, cacheBytes: Math.max(0, files - shared), kills }
}

/** Lines "name count". */
function countsIn(path: string): ReadonlyMap<string, number> {
  try {
    const lines = readFileSync(path, 'latin1').split('\n')
    return new Map(lines.map((line) => line.split(' ')).map(([name = '', count]) => [name, Number(count)]))
  } catch {
    return new Map()
  }
}
