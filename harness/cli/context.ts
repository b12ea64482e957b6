import type { AttachSpec } from '../core/attached.ts'
import type { Isolation } from '../core/record.ts'
import type { AppSpec, Engine, Environment, Probe } from '../ports.ts'
import type { CommonOptions } from './options.ts'
import type { Progress } from './progress.ts'

/** The adapters; only `main.ts` names them. */
export type Adapters = {
  readonly environment: () => Environment
  /** By what means CPU budgets would be enforced on this machine, as a probe of about a second shows it. */
  readonly isolation: () => Promise<Isolation>
  /** A system that is up already; `warn` tells at once what could not be undone. */
  readonly attach: (
    spec: AttachSpec,
    warn: (text: string) => void,
    ownedHosts: readonly string[],
  ) => Environment
  /** `theirs`: a system that Doorbuster did not start; `ownedHosts`: what may be loaded beyond this machine. */
  readonly engine: (options?: {
    readonly ownedHosts?: readonly string[]
    readonly system?: 'ours' | 'theirs'
  }) => Engine
  /** Rejects when a site must not be loaded. */
  readonly checkTarget: (url: string, ownedHosts: readonly string[]) => Promise<void>
  /** Rejects when pages of a site are none without any load: they are asked for once, by one visitor. */
  readonly lookAtPages: (
    target: string,
    paths: readonly string[],
    ownedHosts: readonly string[],
    signal: AbortSignal,
  ) => Promise<void>
  /** The sample shop in containers: `--env compose`. */
  readonly compose: () => Environment
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
