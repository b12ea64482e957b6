import type {
  FileSpec,
  GenerateOptions,
  GenerateSpec,
  JourneyOptions,
  JourneySpec,
  RangeSpec,
  ReplaySpec,
  ScenarioSpec,
  SurgeSpec,
  TrafficSpec,
} from './core/input/scenario-spec.ts'
import type { Shopper } from './core/scenario.ts'
import type { EnvironmentInput } from './environment-file.ts'

/** What a scenario imports from 'doorbuster'. Everything else is internal and may change at any time. */
export type { JourneyOptions, JourneySpec, ObjectiveSpec, ScenarioSpec } from './core/input/scenario-spec.ts'
export type { Page, Shopper } from './core/scenario.ts'
export type { EnvironmentInput } from './environment-file.ts'

/** Marks a module's default export as a scenario; it is validated when it is loaded, all problems at once. */
export function defineScenario(scenario: ScenarioSpec): ScenarioSpec {
  return scenario
}

/** One kind of shopper: how many of all shoppers they are, how long they think between clicks, what they do. */
export function journey(
  name: string,
  options: JourneyOptions,
  steps: (shopper: Shopper) => Promise<void>,
): JourneySpec {
  return { ...options, name, steps }
}

/** The whole numbers from `from` to `to`, both included: product ids, category ids. */
export function range(from: number, to: number): RangeSpec {
  return { from, to }
}

/**
 * The rows of a CSV file, as objects by the names in its header line; every value is a text. The path is relative to the
 * scenario's module. UTF-8, comma-separated, quoted as in RFC 4180; at most 64 MB and 1,000,000 rows.
 */
export function csv(file: string): FileSpec {
  return { kind: 'csv', file }
}

/** The values of a JSON file that holds a list. The path is relative to the scenario's module; limits as for `csv`. */
export function json(file: string): FileSpec {
  return { kind: 'json', file }
}

/**
 * What `value` makes of a whole number n ≥ 0. The same n must give the same value, whenever it is asked, or the same surge
 * twice would not be the same. Without `count` it never runs out (and cannot be drawn from by zipf or uniform).
 */
export function generate(value: (n: number) => unknown, options: GenerateOptions = {}): GenerateSpec {
  return { kind: 'generate', value, options }
}

/** The holiday surges: shoppers per second over time. */
export const surge = {
  /** Everybody waits for the doors: seconds from normal to the peak, a plateau, an ebb, then normal again. */
  doorsOpen: (spec: SurgeSpec): TrafficSpec => ({ ...spec, kind: 'doors-open' }),
  /** A link goes out: an all but vertical front, a short plateau, a fast decay. */
  flashSale: (spec: SurgeSpec): TrafficSpec => ({ ...spec, kind: 'flash-sale' }),
  /** A day of sales in small: a climb, then a plateau longer than everything else. */
  sustained: (spec: SurgeSpec): TrafficSpec => ({ ...spec, kind: 'sustained' }),
  /** One rate from beginning to end. */
  constant: (spec: Omit<SurgeSpec, 'peak'>): TrafficSpec => ({ ...spec, peak: '1x', kind: 'constant' }),
  /** Arrivals that were written down: a log's times. */
  replay: (spec: ReplaySpec): TrafficSpec => ({ ...spec, kind: 'replay' }),
}

/**
 * Marks a module's default export as an environment, for `--env <file>`: an app of your own to start, or a system that is
 * up already and is attached to.
 */
export function defineEnvironment(environment: EnvironmentInput): EnvironmentInput {
  return environment
}
