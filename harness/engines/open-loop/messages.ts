import { type ErrorCode, HarnessError } from '../../core/errors.ts'
import type { LoadPlan } from '../../core/plan.ts'
import type { EngineEnd } from '../../core/record.ts'
import type { Batch } from './drive-plan.ts'

/** What the harness tells the engine's process. */
export type ToEngine =
  | {
      readonly kind: 'open'
      readonly scenarioPath: string
      readonly runId: string
      readonly version: string
      /** The run's t0 on the monotonic clock, ns, as text: it does not fit a number. */
      readonly t0Ns: string
      readonly ownedHosts: readonly string[]
      /** Absent: as the address says (see `TargetGuard.isThisMachine`). */
      readonly system?: 'ours' | 'theirs'
    }
  | { readonly kind: 'drive'; readonly plan: LoadPlan; readonly url: string }
  /** Ends the drive with what it drove so far. */
  | { readonly kind: 'enough' }
  /** Interrupts the drive. */
  | { readonly kind: 'stop' }

/** What the engine's process tells the harness. */
export type FromEngine =
  | { readonly kind: 'opened' }
  /** Every second, so that one that hangs can be told from one with nothing to say. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'started'; readonly startUs: number }
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'end'; readonly end: EngineEnd }
  | { readonly kind: 'failed'; readonly error: ErrorFacts }

export type ErrorFacts = {
  readonly code: ErrorCode
  readonly message: string
  readonly where: string | null
  readonly hint: string | null
  readonly stack: string | null
}

/** An error as data that passes between processes; anything but a HarnessError is a bug of ours. */
export function errorFacts(error: unknown): ErrorFacts {
  const stack = error instanceof Error ? (error.stack ?? null) : null
  if (error instanceof HarnessError) {
    return { code: error.code, message: error.message, where: error.where, hint: error.hint, stack }
  }
  return {
    code: 'bug',
    message: error instanceof Error ? error.message : String(error),
    where: 'load engine',
    hint: null,
    stack,
  }
}

export function errorFromFacts({ code, message, where, hint, stack }: ErrorFacts): HarnessError {
  return new HarnessError({
    code,
    message,
    ...(where !== null && { where }),
    ...(hint !== null && { hint }),
    ...(stack !== null && { cause: new Error(`in the load engine: ${stack}`) }),
  })
}
