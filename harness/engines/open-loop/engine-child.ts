import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { setPriority } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HarnessError } from '../../core/errors.ts'
import type { FromEngine, ToEngine } from './messages.ts'

/** The engine's process as the harness holds it. */
export type EngineChild = {
  readonly pid: number
  send(message: ToEngine): void
  /** Ends it, gently and then not; resolves when it is gone. */
  end(): Promise<void>
}

export type EngineListener = {
  readonly message: (message: FromEngine) => void
  /** It died without being asked to. */
  readonly died: (error: HarnessError) => void
}

/** Starts the engine's process. Its output goes to our stderr: stdout belongs to the command's answer. */
export async function startEngineChild(listener: EngineListener): Promise<EngineChild> {
  // By its own address: the working directory may be a project that does not have tsx.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(fileURLToPath(new URL('./engine-process.ts', import.meta.url)), [], {
    execArgv: ['--import', tsx],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const lastWords = collectOutput(child)
  let ending = false
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve()
      if (!ending) listener.died(deathOf(code, signal, lastWords()))
    })
  })
  child.on('message', (message: FromEngine) => listener.message(message))
  // A send to a process that is just dying: its exit is what is reported.
  child.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) =>
      reject(
        new HarnessError({
          code: 'environment',
          message: `The load engine did not start: ${cause.message}`,
          cause,
        }),
      ),
    )
  })
  preferOverOthers(child.pid!)
  return {
    pid: child.pid!,
    send: (message) => {
      if (child.connected) child.send(message)
    },
    end: async () => {
      ending = true
      if (child.connected) child.disconnect()
      const kill = setTimeout(() => child.kill('SIGKILL'), 2000)
      await gone
      clearTimeout(kill)
    },
  }
}

/** A generator that waits for a core sends late. Only root may put it first; others have what they load step back. */
function preferOverOthers(pid: number): void {
  try {
    setPriority(pid, -10)
  } catch {
    // Not allowed: its send lag says whether it mattered.
  }
}

function collectOutput(child: ChildProcess): () => string {
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (text: string) => {
      tail = (tail + text).slice(-2000)
      process.stderr.write(text)
    })
  }
  return () => tail.trim()
}

/** A signal comes from outside (out of memory, a kill); an exit code is a crash of our own. */
function deathOf(code: number | null, signal: NodeJS.Signals | null, lastWords: string): HarnessError {
  if (signal) {
    return new HarnessError({
      code: 'environment',
      message: `The load engine was ended by ${signal}.`,
      where: 'load engine',
      hint: 'Something outside Doorbuster did that; often the machine was out of memory.',
    })
  }
  return new HarnessError({
    code: 'bug',
    message: `The load engine ended with code ${code}.${lastWords && ` Its last words:\n${lastWords}`}`,
    where: 'load engine',
  })
}
