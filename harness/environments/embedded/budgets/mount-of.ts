import { readFileSync } from 'node:fs'

/** Where the hierarchy of a version 1 controller is mounted. */
export function mountOf(controller: string): string | null {
  try {
    for (const line of readFileSync('/proc/mounts', 'latin1').split('\n')) {
      const [, target, type, options] = line.split(' ')
      if (type === 'cgroup' && options?.split(',').includes(controller)) return target!
    }
  } catch {
    // No /proc: not Linux.
  }
  return null
}
