import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** The real command line in a process of its own. */
export function command(
  args: readonly string[],
  options: { readonly reports: string; readonly input?: string },
) {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'harness/cli/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, DOORBUSTER_REPORTS: options.reports, NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin!.on('error', () => {})
  child.stdin!.end(options.input ?? '')
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  )
  /** Resolves once standard error shows this text; rejects when the command ends without it. */
  const shows = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stderr.includes(text)) resolve()
      }
      child.stderr!.on('data', look)
      child.once('close', () => reject(new Error(`ended without "${text}":\n${stderr}`)))
      look()
    })
  return { pid: child.pid!, child, ended, shows }
}

/** What a command with this pid left behind: processes that name its temporary folder, and the folder. */
export function leftBehind(pid: number): string[] {
  const mark = `doorbuster-${pid}-`
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(mark))
  const processes = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || !existsSync(`/proc/${name}/cmdline`)) return false
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(mark)
    } catch {
      return false
    }
  })
  return [...folders, ...processes.map((name) => `process ${name}`)]
}

/** Pids of the processes of a command whose command line matches. */
export function processesOf(pid: number, pattern: RegExp): number[] {
  const mark = `doorbuster-${pid}-`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        const line = readFileSync(`/proc/${candidate}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return line.includes(mark) && pattern.test(line)
      } catch {
        return false
      }
    })
}
