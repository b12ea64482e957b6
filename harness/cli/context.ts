import type { Scope } from '../core/record.ts'
import type { AppSpec, Engine, Environment, Probe } from '../ports.ts'
import type { World } from '../stage.ts'
import type { CommonOptions } from './options.ts'
import type { Progress } from './progress.ts'

/** The adapters; only `main.ts` names them. */
export type Adapters = {
  readonly environment: () => Environment
  readonly engine: () => Engine
  readonly probes: readonly Probe[]
  readonly sampleShop: AppSpec
}

/** What every command gets: its options, where to write, when to stop. */
export type Context = {
  readonly adapters: Adapters
  readonly options: CommonOptions
  /** The folder that holds all runs. */
  readonly reports: string
  readonly interrupt: AbortSignal
  /** `performance.now()` at the command's start. */
  readonly startedAtMs: number
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly progress: (title: string) => Progress
  readonly colour: boolean
  readonly columns: number
}

/** How a command ended: its exit code, and the same in words for the last line. */
export type Ending = { readonly code: number; readonly meaning: string }

/** The adapters for one run against one app. */
export function worldOf(adapters: Adapters, app: AppSpec, scope: Scope): World {
  return {
    environment: adapters.environment(),
    engine: adapters.engine(),
    probes: adapters.probes,
    app,
    scope,
  }
}
