import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { tailOf } from './log-tail.ts'
import type { ProgramEnd, ProgramStart } from './protocol.ts'

/** What carries the load yields to what generates and measures it; anyone may lower a priority. */
const NICE = 5
/** An uncaught database error prints some forty lines, its message first. */
const TAIL_LINES = 45

export type Launched = {
  readonly pid: number
  readonly child: ChildProcess
  /** Resolves when the process has ended. */
  readonly ended: Promise<ProgramEnd>
}

/** Starts a program in its own process group, its output going to `logs/<name>.log` of the run's folder. */
export async function launch(program: ProgramStart, folder: string): Promise<Launched> {
  const logPath = join(folder, 'logs', `${program.name}.log`)
  const log = openSync(logPath, 'a')
  try {
    const child = spawn(program.command, [...program.args], {
      cwd: program.cwd,
      env: { ...program.env },
      stdio: ['ignore', log, log],
      // Its own group: one signal reaches a shell and what it started, and Ctrl-C in the terminal does not.
      detached: true,
      ...program.user,
    })
    const ended = new Promise<ProgramEnd>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal, tail: tailOf(logPath, TAIL_LINES) }))
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    const pid = child.pid!
    return { pid, child, ended }
  } finally {
    closeSync(log)
  }
}

/** Lets a component yield to the harness; its children inherit that. */
export function lowerPriority(pid: number): void {
  try {
    setPriority(pid, NICE)
  } catch {
    // Ended at once, or a priority already lower than this: both are fine.
  }
}
