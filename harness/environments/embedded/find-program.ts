import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { HarnessError } from '../../core/errors.ts'

/** A program that a topology asks for and that does not come with the packages. */
export type WantedProgram = {
  readonly name: string
  /** Environment variable that may name its path. */
  readonly variable: string
  /** The part of the topology that asks for it: "topology.pooler.kind=pgbouncer". */
  readonly askedBy: string
  readonly hint: string
}

/** Where system packages put servers that are not on an ordinary user's PATH. */
const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin']

/**
 * Path of a program: the one its variable names, else the first on the PATH or in the usual folders.
 * @throws HarnessError `environment` when it is not installed.
 */
export function findProgram(
  { name, variable, askedBy, hint }: WantedProgram,
  variables: NodeJS.ProcessEnv = process.env,
): string {
  const named = variables[variable]
  const folders = [
    ...(variables['PATH'] ?? '').split(':').filter((folder) => folder !== ''),
    ...USUAL_FOLDERS,
  ]
  const candidates = named === undefined ? folders.map((folder) => join(folder, name)) : [named]
  const found = candidates.find(isProgram)
  if (found !== undefined) return found
  throw new HarnessError({
    code: 'environment',
    message:
      named === undefined
        ? `${askedBy} needs the program ${name}, which is not installed here`
        : `${variable}=${named} is no program that may be run`,
    where: named === undefined ? `PATH, ${USUAL_FOLDERS.join(', ')}` : `environment variable ${variable}`,
    hint,
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
