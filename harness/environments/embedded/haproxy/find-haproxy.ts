import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { HarnessError } from '../../../core/errors.ts'

/** Where system packages put servers that are not on an ordinary user's PATH. */
const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin']

/** Path of the program `haproxy`: the one HAPROXY names, else the first on the PATH or in the usual folders. */
export function findHaproxy(variables: NodeJS.ProcessEnv = process.env): string {
  const named = variables['HAPROXY']
  const folders = [
    ...(variables['PATH'] ?? '').split(':').filter((folder) => folder !== ''),
    ...USUAL_FOLDERS,
  ]
  const candidates = named === undefined ? folders.map((folder) => join(folder, 'haproxy')) : [named]
  const found = candidates.find(isProgram)
  if (found !== undefined) return found
  throw new HarnessError({
    code: 'environment',
    message:
      named === undefined
        ? 'topology.balancer.engine=haproxy needs the program haproxy, which is not installed here'
        : `HAPROXY=${named} is no program that may be run`,
    where: named === undefined ? `PATH, ${USUAL_FOLDERS.join(', ')}` : 'environment variable HAPROXY',
    hint: 'install haproxy (2.6 or newer), or use topology.balancer.engine=embedded',
  })
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
