import type { ComponentRole, Isolation } from '../../../core/record.ts'
import type { MemoryReading } from '../../memory-reading.ts'

/** What the harness may ask of its supervisor over their channel, and what comes back. */
export type Protocol = {
  /** Starts a component that is to run until it is stopped. */
  readonly start: { readonly ask: ComponentStart; readonly answer: { readonly pid: number } }
  /** Runs a program to its end. */
  readonly run: { readonly ask: ProgramStart; readonly answer: ProgramEnd }
  readonly stop: { readonly ask: ComponentStop; readonly answer: null }
  /** Ends a component's whole process tree at once, as a power cut would. */
  readonly kill: { readonly ask: { readonly component: string }; readonly answer: null }
  /** Stands a component's whole process tree still, whatever its budget allows, or lets it go on. */
  readonly pause: {
    readonly ask: { readonly component: string; readonly on: boolean }
    readonly answer: null
  }
  /** Leaves a component this share of its budget until it gets all of it again (1), or is stopped. */
  readonly slow: {
    readonly ask: { readonly component: string; readonly share: number }
    readonly answer: null
  }
  /** Cores by component name. */
  readonly budgets: { readonly ask: Readonly<Record<string, number>>; readonly answer: null }
  /** `coreSpeed`: the core that budgets are in, relative to the reference core; `null`: a core of this machine as it is. */
  readonly enforce: {
    readonly ask: { readonly on: boolean; readonly coreSpeed: number | null }
    readonly answer: Isolation
  }
  readonly exempt: {
    readonly ask: { readonly component: string; readonly pid: number }
    readonly answer: null
  }
  readonly adopt: { readonly ask: { readonly pid: number }; readonly answer: null }
  /** Files outside the run's folder that must go at the end. */
  readonly tidy: { readonly ask: { readonly files: readonly string[] }; readonly answer: null }
  /** Changes the memory limit of a component that was started with one. */
  readonly memory: {
    readonly ask: { readonly component: string; readonly limitBytes: number }
    readonly answer: null
  }
  readonly meter: { readonly ask: null; readonly answer: MeterAnswer }
  readonly down: { readonly ask: null; readonly answer: null }
}
export type Method = keyof Protocol

export type ProgramStart = {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** User to run as; absent: as the supervisor. */
  readonly user?: { readonly uid: number; readonly gid: number }
}

export type ComponentStart = ProgramStart & {
  readonly role: ComponentRole
  /** How it is ended when everything ends: the signal that is quickest without harm. */
  readonly endWith: 'SIGTERM' | 'SIGQUIT'
  /** Memory of it and all it starts; absent: no limit. */
  readonly memoryBytes?: number
}

export type ComponentStop = {
  readonly component: string
  readonly signal: 'SIGTERM' | 'SIGINT'
  readonly graceMs: number
}

export type ProgramEnd = {
  readonly code: number | null
  readonly signal: string | null
  /** Its last lines of output. */
  readonly tail: string
}

export type MeterAnswer = {
  /** Monotonic clock of this machine, µs (`process.hrtime`). */
  readonly atHrUs: number
  readonly readings: readonly MeterRow[]
}
export type MeterRow = {
  readonly component: string
  readonly role: ComponentRole
  readonly usedUs: number
  /** `usedUs` in time of the core that budgets are in. */
  readonly workUs: number
  /** Speed of a core now, relative to the one that budgets are in; in the supervisor's own row, when it is followed. */
  readonly coreSpeed?: number
  readonly budgetCores: number | null
  readonly throttledUs: number
  readonly enforcedUs: number
  readonly memory?: MemoryReading
}

export type ToSupervisor = { readonly id: number; readonly method: Method; readonly params: unknown }
export type FromSupervisor =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly message: string }
  | {
      readonly kind: 'ended'
      readonly component: string
      readonly pid: number
      readonly asked: boolean
      readonly end: ProgramEnd
    }
