import type { IsolationMeans } from '../../../core/record.ts'

/** A way to hold components to their CPU budgets, and to meter what they use. Each way is one file. */
export interface BudgetMeans {
  readonly name: IsolationMeans
  /** Period over which the budget is dealt out; `null` where there is none. */
  readonly periodMs: number | null
  /** What to ask of a means that cannot count how long it held back; absent: 0.3 cores of one loop, and that count. */
  readonly probe?: {
    readonly cores: number
    readonly loops: number
    /** Whether the kernel confines a process to so many cores. */
    readonly confines: (pid: number) => boolean
  }
  /** `true`, or why it cannot stand for these budgets (cores by component); absent: it can for any. */
  readonly canStandFor?: (budgets: ReadonlyMap<string, number>) => true | string
  /** Processes of ours that it had to move aside; absent: none. */
  readonly movedAside?: MovedAside | null
  /** Takes a component's root process with everything it started, and will start, under control. */
  add(component: string, rootPid: number): void
  /** Lets a component go, thawed; its counters stay. */
  release(component: string): void
  setBudget(component: string, cores: number): void
  enforce(on: boolean): void
  /**
   * Whether the component is being stood still for another reason. A means that itself stops and continues processes must
   * leave one that is held alone; `release` lets it go. Absent: this means does not.
   */
  hold?(component: string, held: boolean): void
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

/** A control group of version 2 that our own processes left for one inside it. */
export type MovedAside = { readonly from: string; readonly to: string }
