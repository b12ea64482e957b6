import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A helper process of the bench that says one thing when it is ready, and ends when told. */
export type Child<T> = {
  readonly said: T
  readonly ask: (message: string) => void
  readonly next: () => Promise<unknown>
  readonly end: () => void
}

/** Starts a module beside this one as its own process; rejects when it ends before it said something. */
export async function startChild<T>(module: string, args: readonly string[] = []): Promise<Child<T>> {
  const path = fileURLToPath(new URL(module, import.meta.url))
  const child = fork(path, args, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const heard: unknown[] = []
  const waiting: { readonly take: (message: unknown) => void; readonly fail: (error: Error) => void }[] = []
  child.on('message', (message) => {
    const taker = waiting.shift()
    if (taker) taker.take(message)
    else heard.push(message)
  })
  child.once('exit', (code) => {
    for (const { fail } of waiting.splice(0)) fail(new Error(`${module} ended with ${code}`))
  })
  const next = () =>
    new Promise<unknown>((take, fail) => {
      if (heard.length > 0) take(heard.shift())
      else waiting.push({ take, fail })
    })
  return {
    said: (await next()) as T,
    ask: (message) => child.send(message),
    next,
    end: () => {
      if (child.connected) child.disconnect()
    },
  }
}
