import { setTimeout as sleep } from 'node:timers/promises'
import { HarnessError } from '../../core/errors.ts'
import { freePort } from '../free-port.ts'
import { describeEnd, type Supervisor } from './supervisor/connect.ts'
import type { ComponentStart, ProgramEnd } from './supervisor/protocol.ts'

export type Listening = { readonly port: number; readonly pid: number }

type StartListening = {
  readonly supervisor: Supervisor
  readonly signal: AbortSignal
  readonly withinMs: number
  /** Fixed port; absent: a free one is chosen, and another one if somebody was quicker. */
  readonly port?: number
  readonly program: (port: number) => ComponentStart
  readonly ready: (port: number) => Promise<boolean>
  readonly hint: string
}

const PORT_TRIES = 3
const POLL_MS = 25
const PORT_TAKEN = /EADDRINUSE|address already in use/i

/** Starts a component that listens on a port and waits until it is ready; rejects with its last words if it is not. */
export async function startListening(how: StartListening): Promise<Listening> {
  for (let tries = 1; ; tries++) {
    const port = how.port ?? (await freePort())
    const program = how.program(port)
    const { pid } = await how.supervisor.ask('start', program).catch((error: unknown) => {
      throw cannotStart(program, error)
    })
    const ended = how.supervisor.ended(program.name, pid)
    const end = await readyOrEnded(how, port, ended)
    if (end === 'ready') return { port, pid }
    if (end === 'too-late') throw await neverReady(how, program, ended)
    if (!PORT_TAKEN.test(end.tail)) throw endedEarly(program, end, how.hint)
    if (tries === PORT_TRIES || how.port !== undefined) throw portTaken(program, port, end)
  }
}

async function readyOrEnded(
  how: StartListening,
  port: number,
  ended: Promise<ProgramEnd>,
): Promise<'ready' | 'too-late' | ProgramEnd> {
  const deadline = performance.now() + how.withinMs
  while (performance.now() < deadline) {
    how.signal.throwIfAborted()
    const answer = await Promise.race([how.ready(port), ended])
    if (answer === true) return 'ready'
    if (answer !== false) return answer
    const end = await Promise.race([sleep(POLL_MS, null), ended])
    if (end) return end
  }
  return 'too-late'
}

function cannotStart(program: ComponentStart, cause: unknown): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${program.name} cannot be started: ${cause instanceof Error ? cause.message : String(cause)}`,
    where: `${program.name}: ${program.command}`,
    hint: `check that the program exists and may be run, and that its folder does (${program.cwd})`,
    cause,
  })
}

async function neverReady(
  how: StartListening,
  program: ComponentStart,
  ended: Promise<ProgramEnd>,
): Promise<HarnessError> {
  const { name: component } = program
  await how.supervisor.ask('stop', { component, signal: 'SIGTERM', graceMs: 500 }).catch(() => {})
  const { tail } = await ended
  return new HarnessError({
    code: 'environment',
    message: `${component} was started but not ready within ${Math.round(how.withinMs / 100) / 10} s; its last output:\n${tail || '(none)'}`,
    where: component,
    hint: how.hint,
  })
}

function endedEarly(program: ComponentStart, end: ProgramEnd, hint: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${program.name} did not start: ${describeEnd(end)}`,
    where: program.name,
    hint: /ENOSPC|No space left/.test(end.tail)
      ? 'free some disk space in the temporary folder (TMPDIR)'
      : hint,
  })
}

function portTaken(program: ComponentStart, port: number, end: ProgramEnd): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${program.name} found its port in use: ${describeEnd(end)}`,
    where: `${program.name}, PORT=${port}`,
    hint: 'the program must listen on the port given in PORT; if it does, end what listens on a port of its own',
  })
}
