import { join } from 'node:path'
import { HarnessError } from '../../../core/errors.ts'

/** `sun_path` of a socket's address holds 108 bytes with the zero at its end; macOS has 104. */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107

/** Where HAProxy's socket is in a run's folder; throws when no program could connect to it there. */
export function haproxySocket(folder: string): string {
  const path = join(folder, 'haproxy.sock')
  const bytes = Buffer.byteLength(path)
  if (bytes <= LONGEST_PATH) return path
  throw new HarnessError({
    code: 'environment',
    message: `the path of HAProxy's socket has ${bytes} bytes, and the system allows ${LONGEST_PATH}`,
    where: path,
    hint: 'let TMPDIR name a folder with a shorter path, or use topology.balancer.engine=embedded',
  })
}
