import type { FaultAct } from './fault.ts'

/**
 * What became of a fault of the scenario in one surge, in the record. `begun` when it began to act, `undone` when the
 * system was as before; neither when the arm lacks what it is about (`not-applicable`) or the surge was over before
 * (`not-reached`).
 */
export type FaultEvent = {
  readonly segment: number
  /** Position in the scenario's list. */
  readonly fault: number
  readonly act: FaultAct
  readonly became: 'begun' | 'undone' | 'not-applicable' | 'not-reached'
}
