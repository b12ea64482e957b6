import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HarnessError } from '../../../core/errors.ts'
import { processRef } from '../../process-tree.ts'
import { readCleanUpList } from './clean-up-list.ts'
import { tailOf } from './log-tail.ts'
import type { FromSupervisor, Method, ProgramEnd, Protocol } from './protocol.ts'
import { takeDown } from './take-down.ts'

export type ComponentDeath = { readonly component: string; readonly detail: string }

/** The harness's end of the line to its supervisor. */
export interface Supervisor {
  readonly pid: number
  /** Rejects with an `environment` HarnessError when the supervisor refuses or is gone. */
  ask<M extends Method>(method: M, params: Protocol[M]['ask']): Promise<Protocol[M]['answer']>
  /** Resolves when the component's current process ends, asked to or not. */
  ended(component: string, pid: number): Promise<ProgramEnd>
  /** Called for components that end unasked, and for the supervisor itself. */
  onDeath(listener: (death: ComponentDeath) => void): void
  /** Takes everything down; resolves when nothing is left, at the latest after about 5 s. */
  down(): Promise<void>
}

const DOWN_WITHIN_MS = 4000
/** The last two are where this user's systemd is found. */
const HANDED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'DOORBUSTER_BUDGETS',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
]

/** Starts the supervisor of a run whose folder exists and holds a clean-up list. */
export function connectSupervisor(folder: string, run: string): Supervisor {
  const child = spawnSupervisor(folder, run)
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  const ends = new Map<string, ReturnType<typeof withResolver<ProgramEnd>>>()
  const listeners: ((death: ComponentDeath) => void)[] = []
  let nextId = 0
  let leaving = false
  let gone = false
  let swept: Promise<void> | null = null
  const sweep = (): Promise<void> => {
    swept ??= sweepAfterSupervisor(folder)
    return swept
  }

  const endOf = (component: string, pid: number) => {
    const key = `${component} ${pid}`
    const known = ends.get(key) ?? withResolver<ProgramEnd>()
    ends.set(key, known)
    return known
  }
  const tellDeath = (death: ComponentDeath): void => {
    if (!leaving) for (const listener of listeners) listener(death)
  }

  child.on('message', (message: FromSupervisor) => {
    if (message.kind === 'ended') {
      endOf(message.component, message.pid).resolve(message.end)
      if (!message.asked) tellDeath({ component: message.component, detail: describeEnd(message.end) })
      return
    }
    const asker = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.kind === 'answer') asker?.resolve(message.value)
    else asker?.reject(refused(message.message))
  })
  const exited = new Promise<void>((resolve) => {
    const onGone = (): void => {
      gone = true
      for (const { reject } of waiting.values()) reject(supervisorGone(folder))
      waiting.clear()
      resolve()
    }
    child.once('error', onGone)
    child.once('exit', (code, signal) => {
      tellDeath({ component: 'supervisor', detail: `it ended (${signal ?? `code ${code}`})` })
      onGone()
      // What it left running is ended from its own list.
      if (!leaving) void sweep()
    })
  })

  const ask = <M extends Method>(method: M, params: Protocol[M]['ask']): Promise<Protocol[M]['answer']> =>
    new Promise((resolve, reject) => {
      if (gone) {
        reject(supervisorGone(folder))
        return
      }
      const id = nextId++
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      child.send({ id, method, params }, (error) => {
        if (!error || !waiting.delete(id)) return
        reject(supervisorGone(folder))
      })
    })

  const goDown = async (): Promise<void> => {
    leaving = true
    if (!gone) {
      const answered = ask('down', null).then(() => exited)
      await Promise.race([answered.catch(() => {}), sleep(DOWN_WITHIN_MS, null, { ref: false })])
    }
    if (!gone) child.kill('SIGKILL')
    await sweep()
  }
  let down: Promise<void> | null = null

  return {
    pid: child.pid ?? 0,
    ask,
    ended: (component, pid) => endOf(component, pid).promise,
    onDeath: (listener) => listeners.push(listener),
    down: () => {
      down ??= goDown()
      return down
    },
  }
}

function spawnSupervisor(folder: string, run: string): ChildProcess {
  const log = openSync(join(folder, 'logs', 'supervisor.log'), 'a')
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const script = fileURLToPath(new URL('../supervisor-process.ts', import.meta.url))
  try {
    return spawn(process.execPath, ['--import', loader, script, folder, run], {
      cwd: folder,
      env: pick(process.env, HANDED_ON),
      // A session of its own: Ctrl-C in the terminal must not reach it before the harness has decided.
      detached: true,
      stdio: ['pipe', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
}

/** Ends and removes whatever the run's list still names; the second line of defence when the supervisor is gone. */
async function sweepAfterSupervisor(folder: string): Promise<void> {
  const list = readCleanUpList(folder)
  if (list) await takeDown({ ...list, harness: processRef(process.pid) }, folder)
  // It was killed while it removed the folder, its list first: nothing else was left by then.
  else rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

function pick(from: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])))
}

/** "code 1: last lines", or "killed by SIGKILL: last lines". */
export function describeEnd({ code, signal, tail }: ProgramEnd): string {
  const how = signal ? `killed by ${signal}` : `exit code ${code}`
  return tail === '' ? `${how}, without output` : `${how}; its last output:\n${tail}`
}

function refused(message: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `the supervisor could not do it: ${message}`,
    where: 'supervisor',
    hint: /ENOSPC/.test(message)
      ? 'free some disk space in the temporary folder'
      : 'run it again; if it stays, report it',
  })
}

function supervisorGone(folder: string): HarnessError {
  const output = tailOf(join(folder, 'logs', 'supervisor.log'), 8)
  return new HarnessError({
    code: 'environment',
    message: `the supervisor process is gone${output ? `:\n${output}` : ''}`,
    where: 'supervisor',
    hint: 'was it killed from outside? Everything it had started was ended; run again',
  })
}

function withResolver<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void
  const promise = new Promise<Value>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
