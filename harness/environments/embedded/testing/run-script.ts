import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type Script = {
  readonly child: ChildProcess
  readonly pid: number
  /** The next line it prints; rejects with its errors when it ends before. */
  readonly nextLine: () => Promise<string>
}

/** Starts a TypeScript program as a process of its own. */
export function runScript(
  path: string,
  args: readonly string[],
  options: {
    readonly env?: Record<string, string>
    readonly cwd?: string
    readonly user?: { uid: number; gid: number }
  },
): Script {
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    ...options.user,
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => {
    const { done, value } = await lines.next()
    if (done) throw new Error(`${path} ended early: ${errors}`)
    return value
  }
  return { child, pid: child.pid!, nextLine }
}
