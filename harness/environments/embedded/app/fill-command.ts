import { dirname } from 'node:path'
import type { ProgramStart } from '../supervisor/protocol.ts'

/** Program and arguments of an AppSpec command: `{bundle}` becomes the bundle's path, `node` this very Node.js. */
export function fillCommand(
  command: readonly string[],
  bundlePath: string | null,
): Pick<ProgramStart, 'command' | 'args'> {
  const [program = '', ...args] = command.map((part) => part.replaceAll('{bundle}', bundlePath ?? '{bundle}'))
  return { command: program === 'node' ? process.execPath : program, args }
}

/** The environment with this Node.js first on the path, so that scripts that call `node` get the same one. */
export function withNodeOnPath(env: Readonly<Record<string, string>>): Record<string, string> {
  return { ...env, PATH: `${dirname(process.execPath)}:${env['PATH'] ?? '/usr/bin:/bin'}` }
}
