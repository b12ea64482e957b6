import { readFileSync } from 'node:fs'

/**
 * Control groups of a container's process: the path of each controller of version 1 by its name, that of version 2 by ''.
 * Throws where they are not those of this kernel's view: another namespace's path would be another group's file, or none.
 */
export function groupsOf(id: string, pid: number): (controller: string) => string | undefined {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'latin1').trim().split('\n')
  const places = lines.map((line) => line.split(':') as [string, string, string])
  if (!places.some(([, , path]) => path.includes(id))) throw new Error(`${pid} is in no group of ${id}`)
  return (controller) => places.find(([, names]) => names.split(',').includes(controller))?.[2]
}
