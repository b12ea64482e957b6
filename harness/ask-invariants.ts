import { asksLedger } from './core/asks-ledger.ts'
import { HarnessError } from './core/errors.ts'
import type { OrderLine, UnknownOrderLine } from './core/record.ts'
import type { Invariant } from './core/scenario.ts'
import { checkInvariant, loadLedger } from './invariants.ts'
import type { Running } from './ports.ts'

/** Loads orders into `ledger` and unanswered keys into `unknown`, where tables of ours may be made. */
export async function keepLedger(
  { attached, query }: Running,
  told: readonly (OrderLine | UnknownOrderLine)[],
): Promise<void> {
  if (attached !== undefined && !attached.ddl) return
  await loadLedger(
    query,
    told.filter((line) => line.kind === 'order'),
    told.filter((line) => line.kind === 'unknown-order'),
  )
}

/** Longest time of an invariant once the load is over (ms): of a system that others use, and of ours. */
const THEIRS_AT_THE_END_MS = 10_000
const OURS_AT_THE_END_MS = 60_000

/** Whether an invariant holds, or why that was not found out: a system that is not ours owes us no answer. */
export async function askInvariant(
  { attached, connect }: Running,
  invariant: Invariant,
): Promise<Awaited<ReturnType<typeof checkInvariant>> | string> {
  if (attached && !attached.ddl && asksLedger(invariant.sql))
    return 'it asks for tables that are only made with --allow-ddl'
  const statementTimeoutMs = attached ? THEIRS_AT_THE_END_MS : OURS_AT_THE_END_MS
  try {
    const { query, close } = await connect({ statementTimeoutMs })
    try {
      return await checkInvariant(query, invariant)
    } finally {
      await close()
    }
  } catch (cause) {
    if (attached) return (cause as Error).message
    throw isRefusal(cause) ? badInvariant(invariant, cause, statementTimeoutMs) : cause
  }
}

/** What Postgres answered to the statement itself: SQLSTATE classes 57P (it goes down) and 08 (the connection) are not that. */
function isRefusal(cause: unknown): cause is Error {
  const { code } = cause as { readonly code?: unknown }
  return typeof code === 'string' && /^(?!57P|08)[0-9A-Z]{5}$/.test(code)
}

function badInvariant({ name }: Invariant, cause: Error, timeoutMs: number): HarnessError {
  return new HarnessError({
    code: 'invalid-scenario',
    message: `the invariant "${name}" cannot be asked: ${cause.message}`,
    where: 'invariants',
    hint: `Write a select that gives the rows that break it. It only reads, and ends within ${timeoutMs / 1000} s.`,
    cause,
  })
}
