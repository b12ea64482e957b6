import { spawn } from 'node:child_process'

export type CommandEnd = { readonly ok: boolean; readonly why: string; readonly lastLines: string }

const KEPT_CHARACTERS = 4000
const LAST_LINES = 8
const KILL_AFTER_MS = 2000

/** Runs one of the user's commands without a shell, in their own environment; it never rejects. */
export function runCommand(
  [program = '', ...args]: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<CommandEnd> {
  return new Promise((resolve) => {
    let output = ''
    let stopped: string | null = null
    // A group of its own: what it started ends with it, and a Ctrl-C meant for us does not cut it off in the middle.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const keep = (text: Buffer) => {
      output = (output + text.toString('utf8')).slice(-KEPT_CHARACTERS)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const kill = (name: NodeJS.Signals) => {
      try {
        process.kill(-child.pid!, name)
      } catch {
        // It has ended meanwhile.
      }
    }
    let killing: NodeJS.Timeout | undefined
    const stop = (why: string) => {
      stopped ??= why
      kill('SIGTERM')
      killing ??= setTimeout(() => kill('SIGKILL'), KILL_AFTER_MS)
    }
    const late = setTimeout(() => stop(`not done after ${timeoutMs / 1000} s`), timeoutMs)
    const onAbort = () => stop('interrupted')
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    const end = (ok: boolean, why: string) => {
      clearTimeout(late)
      clearTimeout(killing)
      signal?.removeEventListener('abort', onAbort)
      resolve({ ok, why, lastLines: output.trimEnd().split('\n').slice(-LAST_LINES).join('\n') })
    }
    child.once('error', (error: NodeJS.ErrnoException) =>
      end(false, error.code === 'ENOENT' ? `cannot start: there is no program ${program}` : error.message),
    )
    child.once('close', (code, name) => {
      if (stopped !== null) end(false, stopped)
      else if (code === 0) end(true, 'ended with 0')
      else end(false, code === null ? `ended by ${name}` : `ended with ${code}`)
    })
  })
}

/** As somebody would type it. */
export function commandText(command: readonly string[]): string {
  return command
    .map((word) => (/^[\w./@:=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}
