import { readCleanUpList } from './supervisor/clean-up-list.ts'
import type { FromSupervisor, Method, ToSupervisor } from './supervisor/protocol.ts'
import { supervise } from './supervisor/supervise.ts'

/**
 * The supervisor: a process of its own session that outlives the harness by as long as the clean-up takes.
 * Arguments: the run's folder, the run's id. It ends when told to, or when its pipe to the harness closes, however
 * the harness died.
 */
const [folder, run] = process.argv.slice(2)
const made = folder ? readCleanUpList(folder) : null
if (!folder || !run || !made || !process.send) {
  process.stderr.write('the supervisor is started by the harness, with a run folder and a run id\n')
  process.exit(2)
}

const tell = (message: FromSupervisor): void => {
  // A harness that is gone needs no answer: its pipe says so separately.
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}
const { handlers, end } = supervise(folder, run, made.harness, process.env['DOORBUSTER_BUDGETS'], tell)

const endAndExit = (code: number): void => {
  end().then(
    () => process.exit(code),
    () => process.exit(1),
  )
}

process.on('message', (message: ToSupervisor) => {
  const { id, method, params } = message
  const handle = handlers[method] as (ask: unknown) => Promise<unknown>
  handle(params).then(
    (value) => {
      tell({ kind: 'answer', id, value })
      if (method === ('down' satisfies Method)) setImmediate(() => process.exit(0))
    },
    (error: unknown) =>
      tell({ kind: 'refusal', id, message: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => endAndExit(0))
for (const event of ['end', 'close', 'error']) process.stdin.on(event, () => endAndExit(0))
process.stdin.resume()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => endAndExit(0))
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack}\n`)
  endAndExit(1)
})
process.on('unhandledRejection', (error) => {
  process.stderr.write(`${String(error)}\n`)
  endAndExit(1)
})
