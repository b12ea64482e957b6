import type { FixId, FixStep } from './fixes/index.ts'

/** A connection string that was taken from an environment variable: only the variable's name is ever shown. */
export type SecretUrl = { readonly name: string; readonly url: string }

/** A fix as the user's own commands; each is a program and its arguments, run without a shell. */
export type Lever = FixStep & {
  readonly id: FixId
  readonly apply: readonly string[]
  /** Polled until it answers 200 (a URL) or ends with 0 (a command); `null`: `apply` returns when it is done. */
  readonly ready: string | readonly string[] | null
  readonly undo: readonly string[]
  /** Of each command, and of waiting until ready. */
  readonly timeoutMs: number
}

/** Where metrics of the user's app come from. */
export type PrometheusSource =
  | {
      readonly kind: 'endpoint'
      readonly url: string
      /** Readings of probe `app` by the name of the gauge they are taken from, beside those known by their names. */
      readonly gauges: Readonly<Record<string, string>>
    }
  /** An expression asked of a Prometheus server, whose value is the reading `as` of probe `app`. */
  | { readonly kind: 'query'; readonly url: string; readonly query: string; readonly as: string }

/** A system that Doorbuster did not start, as its user describes it. */
export type AttachSpec = {
  /** Where shoppers go; `null`: somebody else drives the load. */
  readonly target: string | null
  readonly postgres: SecretUrl | null
  readonly replicas: readonly SecretUrl[]
  /** Cores of the database's machine, which cannot be seen from its SQL. */
  readonly postgresCores: number | null
  readonly haproxy: string | null
  readonly pgbouncer: SecretUrl | null
  readonly redis: SecretUrl | null
  readonly prometheus: readonly PrometheusSource[]
  /** In the order they are tried. */
  readonly levers: readonly Lever[]
  readonly allowDdl: boolean
}

/** Something that was not named or may not be read, and what it costs. */
export type Missing = { readonly what: string; readonly cost: string }

/** What is known of an attached system once it was looked at; facts of the record. */
export type AttachedFacts = {
  /** Scheme, host and port. */
  readonly target: string | null
  /** The target is a loopback address: load and system share this machine. */
  readonly onThisMachine: boolean
  readonly databaseCores: number | null
  readonly missing: readonly Missing[]
  readonly levers: readonly FixStep[]
  readonly ddl: boolean
}
