import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const WITHIN_SEC = 2
const NAME = 'org.freedesktop.systemd1'
const MANAGER = ['/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'] as const

/** Calls the manager of this user's systemd over its bus; throws with what `busctl` said. */
export function callManager(method: string, signature: string, ...args: readonly string[]): void {
  busctl('call', NAME, ...MANAGER, method, signature, ...args)
}

/** `true`, or why this user's systemd does not answer. */
export function isManagerThere(): true | string {
  const runtime = process.env['XDG_RUNTIME_DIR']
  const named = process.env['DBUS_SESSION_BUS_ADDRESS']
  if (!named && !(runtime && existsSync(join(runtime, 'bus'))))
    return `this user has no bus (${runtime ? `${join(runtime, 'bus')} is not there` : 'XDG_RUNTIME_DIR is not set'})`
  try {
    busctl('get-property', NAME, ...MANAGER, 'Version')
    return true
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function busctl(...args: readonly string[]): void {
  try {
    execFileSync('busctl', ['--user', `--timeout=${WITHIN_SEC}`, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: (WITHIN_SEC + 1) * 1000,
    })
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { readonly stderr?: Buffer }
    if (code === 'ENOENT') throw new Error('there is no busctl (systemd is not installed)')
    throw new Error(`this user's systemd refused: ${stderr?.toString().trim() || code}`)
  }
}
