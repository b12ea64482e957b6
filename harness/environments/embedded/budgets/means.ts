import type { IsolationMeans } from '../../../core/record.ts'

/** A way to hold components to their CPU budgets, and to meter what they use. Each way is one file. */
export interface BudgetMeans {
  readonly name: IsolationMeans
  /** Period over which the budget is dealt out; `null` where nothing is enforced. */
  readonly periodMs: number | null
  /** Takes a component's root process with everything it started, and will start, under control. */
  add(component: string, rootPid: number): void
  /** Lets a component go, thawed; its counters stay. */
  release(component: string): void
  setBudget(component: string, cores: number): void
  enforce(on: boolean): void
  /** Takes one process of a component out of its budget and its meter. */
  exempt(component: string, pid: number): void
  /** Ids of the component's processes that still run. */
  members(component: string): readonly number[]
  /** Counters since the component was first added: they never go backwards. */
  read(component: string): MeansReading
  /** Folders to remove at the end, inner ones first. */
  cgroups(): readonly string[]
  close(): void
}

export type MeansReading = {
  readonly usedUs: number
  readonly throttledUs: number
  readonly enforcedUs: number
}
