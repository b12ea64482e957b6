import type { Fault } from '../../../core/faults/fault.ts'
import type { Afterwards, Injection } from '../../../ports.ts'
import type { Stand } from '../stand.ts'
import type { Supervisor } from '../supervisor/connect.ts'
import type { FaultProxy } from './fault-proxy.ts'

/** What faults are done with. */
export type FaultParts = {
  readonly stand: Stand
  readonly supervisor: Supervisor
  /** Between app and database; `null`: no fault of the scenario needs one. */
  readonly proxy: FaultProxy | null
  /** `true`, or why no component can be given a part of its CPU budget now. */
  readonly canSlow: () => true | string
  /** A superuser's way to a database server by its name, outside its budget; `null`: no such server runs. */
  readonly serverOf: (
    component: string,
  ) => { readonly connectionString: string; readonly exempt: (backendPid: number) => Promise<void> } | null
  /** Aborted when everything is taken down. */
  readonly leaving: AbortSignal
}

/** Does one kind of fault. */
export type Inject<Act extends Fault['act']> = (
  act: Act,
  parts: FaultParts,
  forSec: Fault['forSec'],
) => Promise<Injection>

export function notDone(because: string): Injection {
  return { done: false, because }
}

/** A fault that lasts until it is undone. */
export function doneUntil(undo: (afterwards: Afterwards) => Promise<void>): Injection {
  return { done: true, momentary: false, undo }
}

/** A fault that is over once it was done. */
export const DONE_AT_ONCE: Injection = { done: true, momentary: true, undo: async () => {} }
