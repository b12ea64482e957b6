import { z } from 'zod'
import type { TopologyPatch } from '../scenario.ts'
import { BALANCER_ALGORITHMS, type Topology } from '../topology.ts'
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

/** Every value of a topology, by its path: a new field of `Topology` does not compile until it is listed here. */
export const TOPOLOGY_LEAVES: Leaves = {
  balancer: {
    engine: choice(['none', 'embedded']),
    cpu: cpu(),
    algorithm: choice(BALANCER_ALGORITHMS),
    maxConnectionsPerServer: orNone(whole(1, 10_000)),
    queueTimeoutMs: whole(0, 60_000),
  },
  app: {
    instances: whole(1, 32),
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
  database: {
    cpu: cpu(),
    maxConnections: whole(10, 1000),
    settings: settings(
      /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/,
      'a Postgres setting such as "shared_buffers"',
      z.string({ error: 'a text such as "64MB"' }),
      (text) => text,
    ),
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

function orNone(leaf: Leaf<number>): Leaf<number | null> {
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
