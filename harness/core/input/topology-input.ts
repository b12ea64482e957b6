import { z } from 'zod'
import type { TopologyPatch } from '../scenario.ts'
import {
  BALANCER_ALGORITHMS,
  BALANCER_ENGINES,
  CACHE_KINDS,
  MOST_INSTANCES,
  POOLER_KINDS,
  POOLER_MODES,
  type Topology,
} from '../topology.ts'
import { knownKeys } from './known-keys.ts'

/** One value of a topology: what it may be, and how the text after `--set path=` becomes it. */
export type Leaf<Value = unknown> = {
  readonly schema: z.ZodType<Value>
  readonly fromText: (text: string) => unknown
  /** Present when the value is a map: reads one entry of it, `--set path.key=text`. */
  readonly entryFromText?: (text: string) => unknown
}

type Leaves = {
  readonly [Part in keyof Topology]: { readonly [Key in keyof Topology[Part]]: Leaf<Topology[Part][Key]> }
}

const WEIGHT = 'a whole number from 1 to 100'

/** Every value of a topology, by its path: a new field of `Topology` does not compile until it is listed here. */
export const TOPOLOGY_LEAVES: Leaves = {
  balancer: {
    engine: choice(BALANCER_ENGINES),
    cpu: cpu(),
    algorithm: choice(BALANCER_ALGORITHMS),
    maxConnectionsPerServer: orNone(whole(1, 10_000)),
    queueTimeoutMs: whole(0, 60_000),
    maxQueued: orNone(whole(1, 100_000)),
    healthCheckIntervalMs: orNone(whole(50, 60_000)),
    healthCheckPath: orNone(urlPath()),
    ejectAfterFailures: orNone(whole(1, 1000)),
    ejectAboveErrorShare: orNone(share()),
    ejectForMs: whole(100, 600_000),
    maxEjectedShare: share(),
    retries: whole(0, 5),
    slowStartMs: whole(0, 600_000),
    drainMs: whole(0, 60_000),
    weights: settings(
      /^[a-z][a-z0-9-]*$/,
      'a server\'s name such as "app-1"',
      z.int({ error: WEIGHT }).min(1, { error: WEIGHT }).max(100, { error: WEIGHT }),
      numberFrom,
    ),
  },
  app: {
    instances: whole(1, MOST_INSTANCES),
    cpu: cpu(),
    poolSize: whole(1, 500),
    settings: settings(
      /^[a-zA-Z][a-zA-Z0-9]*$/,
      'a setting\'s name in camelCase such as "bestSellerOrders"',
      z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number, true or false' }),
      plainValue,
    ),
    flaws: flaws(),
  },
  pooler: {
    kind: choice(POOLER_KINDS),
    cpu: cpu(),
    poolSize: whole(1, 1000),
    poolMode: choice(POOLER_MODES),
  },
  database: {
    cpu: cpu(),
    maxConnections: whole(10, 1000),
    settings: settings(
      /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/,
      'a Postgres setting such as "shared_buffers"',
      z.string({ error: 'a text such as "64MB"' }),
      (text) => text,
    ),
    replicas: whole(0, 3),
    replicaApplyDelayMs: whole(0, 60_000),
    memoryMb: orNone(whole(64, 1_000_000)),
  },
  cache: {
    kind: choice(CACHE_KINDS),
    cpu: cpu(),
    // An empty Redis takes nearly one of them for itself.
    memoryMb: whole(2, 1_000_000),
  },
}

/** What a scenario may change of the topology: any part, any value, nothing unknown. */
export const TOPOLOGY_INPUT = knownKeys(
  Object.fromEntries(
    Object.entries(TOPOLOGY_LEAVES).map(([part, leaves]) => [
      part,
      knownKeys(
        Object.fromEntries(
          Object.entries(leaves as Readonly<Record<string, Leaf>>).map(([key, leaf]) => [
            key,
            leaf.schema.exactOptional(),
          ]),
        ),
      ).exactOptional(),
    ]),
  ),
  // The shape was built from TOPOLOGY_LEAVES, whose type follows Topology; the loop above loses it.
) as unknown as z.ZodType<TopologyPatch>

/** A CPU budget in reference cores. A hundredth of a core is 0.1 ms in each 10 ms period: less cannot be enforced. */
function cpu(): Leaf<number> {
  const error = 'a number of cores from 0.01 to 64 such as 0.2'
  return { schema: z.number({ error }).min(0.01, { error }).max(64, { error }), fromText: numberFrom }
}

function whole(min: number, max: number): Leaf<number> {
  const error = `a whole number from ${min} to ${max}`
  return { schema: z.int({ error }).min(min, { error }).max(max, { error }), fromText: numberFrom }
}

function share(): Leaf<number> {
  const error = 'a share from 0 to 1 such as 0.5'
  return { schema: z.number({ error }).min(0, { error }).max(1, { error }), fromText: numberFrom }
}

function urlPath(): Leaf<string> {
  const error = 'a path such as "/readyz"'
  return { schema: z.string({ error }).regex(/^\/[\w\-./~?&=%]*$/, { error }), fromText: (text) => text }
}

function orNone<Value>(leaf: Leaf<Value>): Leaf<Value | null> {
  return {
    schema: leaf.schema.nullable(),
    fromText: (text) => (text === 'none' || text === 'null' ? null : leaf.fromText(text)),
  }
}

function choice<const Choice extends string>(choices: readonly Choice[]): Leaf<Choice> {
  return { schema: z.enum(choices, { error: `one of ${choices.join(', ')}` }), fromText: (text) => text }
}

function flaws(): Leaf<readonly string[]> {
  const error = 'a list of flaws such as "hot-row" or "missing-index"'
  return {
    schema: z.array(z.string({ error }).regex(/^[a-z][a-z0-9-]*$/, { error }), { error }),
    fromText: (text) => (text.trim() === '' ? [] : text.split(',').map((flaw) => flaw.trim())),
  }
}

function settings<Value>(
  name: RegExp,
  nameExpected: string,
  value: z.ZodType<Value>,
  entryFromText: (text: string) => unknown,
): Leaf<Readonly<Record<string, Value>>> {
  return {
    schema: z.record(z.string().regex(name, { error: nameExpected }), value, { error: 'settings by name' }),
    fromText: (text) => text,
    entryFromText,
  }
}

/** NaN for what is no number ("", "fast"), which every number schema refuses. */
function numberFrom(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}

function plainValue(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  const number = numberFrom(text)
  return Number.isFinite(number) ? number : text
}
