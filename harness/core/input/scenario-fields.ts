import { z } from 'zod'
import { asksLedger } from '../asks-ledger.ts'
import type { ThinkTime } from '../plan.ts'
import type { Invariant, Journey } from '../scenario.ts'
import { readDurationMs, readRatio } from '../units.ts'
import { ABORT_INPUT } from './abort-input.ts'
import { HTTP_INPUT } from './http-input.ts'
import { knownKeys } from './known-keys.ts'
import { LIMITS_INPUT } from './limits-input.ts'
import { SLO_INPUT } from './slo-input.ts'
import { textOf } from './text-of.ts'
import { readThinkTime } from './think-time.ts'
import { TOPOLOGY_INPUT } from './topology-input.ts'
import { QUICK_INPUT, TRAFFIC_INPUT } from './traffic-input.ts'

const NAME = 'a name in lower case with dashes such as "black-friday", at most 60 characters'
const QUESTION = 'the question the rehearsal answers, as a sentence'
const SEED = 'a whole number from 0 to 4294967295'
const RELOADS = 'a whole number of reloads from 0 to 5'
/** People who are told their position wait longer than people who look at a blank page. */
const QUEUE_MS = 30_000
const WEIGHT = 'a weight above 0, or { normal: 95, peak: 50 } to change with the load'
const SHOPPERS = 'at least one journey("name", { weight, thinkTime }, async (shopper) => { … })'
const INVARIANT_SQL = 'a select statement that finds what must not be'

const THINK_TIME = textOf<ThinkTime>(
  'a think time such as "1s", "0.3s..2s", "exponential(2s)" or "log-normal(2s, 0.8)", at most 10min',
  readThinkTime,
)

const WEIGHT_NUMBER = z
  .number({ error: WEIGHT })
  .positive({ error: WEIGHT })
  .max(1e6, { error: 'a weight of at most 1000000' })

const JOURNEY = knownKeys({
  name: z
    .string({ error: 'the name of the journey' })
    .regex(/^\S.{0,59}$/, { error: 'a name of 1 to 60 characters' }),
  weight: z.union([WEIGHT_NUMBER, knownKeys({ normal: WEIGHT_NUMBER, peak: WEIGHT_NUMBER })], {
    error: WEIGHT,
  }),
  thinkTime: THINK_TIME,
  steps: z.custom<Journey['steps']>((value) => typeof value === 'function', {
    error: 'what the shopper does: async (shopper) => { … }',
  }),
}).transform(({ weight, ...journey }): Journey => {
  const { normal, peak } = typeof weight === 'number' ? { normal: weight, peak: weight } : weight
  return { ...journey, weight: normal, peakWeight: peak }
})

const SAMPLED = 'true, or a select statement that finds what must not be at any moment'

const INVARIANT = knownKeys({
  name: z.string({ error: 'the name of the invariant' }).regex(/\S/, { error: 'the name of the invariant' }),
  sql: z.string({ error: INVARIANT_SQL }).regex(/\S/, { error: INVARIANT_SQL }),
  expect: z.literal('no rows', { error: '"no rows"' }),
  sampled: z.union([z.literal(true), z.string().regex(/\S/)], { error: SAMPLED }).optional(),
})
  .transform(
    ({ sampled, ...invariant }): Invariant => ({
      ...invariant,
      sampled: sampled === true ? invariant.sql : (sampled ?? null),
    }),
  )
  .refine(({ sampled }) => sampled === null || !asksLedger(sampled), {
    path: ['sampled'],
    error: 'a statement without the tables ledger and unknown: they are filled when the surge is over',
  })

/** What this version does not run is refused, never silently ignored. */
function notRunYet(what: string) {
  const error = `an empty list: this version does not run ${what}`
  return z.array(z.unknown(), { error }).max(0, { error })
}

/** The fields of a scenario, in the order their problems are reported. */
export const SCENARIO_FIELDS = {
  name: z.string({ error: NAME }).regex(/^[a-z0-9][a-z0-9-]{0,59}$/, { error: NAME }),
  question: z.string({ error: QUESTION }).regex(/\S/, { error: QUESTION }),
  traffic: TRAFFIC_INPUT,
  quick: QUICK_INPUT.optional(),
  data: z
    .record(
      z.string().regex(/^[A-Za-z]\w*$/, { error: 'a name such as "product"' }),
      // Each source is read by itself (`feedersOf`): some are files.
      z.unknown(),
      { error: 'what journeys draw from, by name: { product: range(1, 10_000), user: csv("users.csv") }' },
    )
    .default({}),
  shoppers: z.array(JOURNEY, { error: SHOPPERS }).min(1, { error: SHOPPERS }),
  patience: knownKeys({
    timeout: textOf('a duration from 100ms to 60s such as "3s"', (text) => {
      const ms = readDurationMs(text)
      return ms !== null && ms >= 100 && ms <= 60_000 ? ms : null
    }),
    reloads: z.int({ error: RELOADS }).min(0, { error: RELOADS }).max(5, { error: RELOADS }),
    queue: textOf('a duration from 0s to 10min such as "30s"', (text) => {
      const ms = readDurationMs(text)
      return ms !== null && ms >= 0 && ms <= 600_000 ? ms : null
    }).default(QUEUE_MS),
  })
    .transform(({ timeout, reloads, queue }) => ({ timeoutMs: timeout, reloads, queueMs: queue }))
    .default({ timeoutMs: 3000, reloads: 1, queueMs: QUEUE_MS }),
  http: HTTP_INPUT,
  slo: SLO_INPUT,
  abortWhen: ABORT_INPUT,
  limits: LIMITS_INPUT,
  sideEffectsStubbed: z
    .boolean({ error: 'true when payments, mails and stock of the system are stubbed' })
    .default(false),
  forecast: knownKeys({
    // Read for its form only: how long the headroom lasts is not worked out in this version.
    growth: textOf('a growth such as "8%/month"', (text) =>
      /^\d+(\.\d+)?\s*%\s*\/\s*(month|year)$/.test(text) ? text : null,
    ).exactOptional(),
    keepHeadroom: textOf('a percentage such as "30%"', readRatio).exactOptional(),
  }).default({}),
  topology: TOPOLOGY_INPUT.default({}),
  invariants: z
    .array(INVARIANT, { error: 'a list of invariants { name, sql, expect: "no rows", sampled? }' })
    .default([]),
  alerts: notRunYet('alerts').default([]),
  // Each is read by itself (`faultsOf`), as its kind asks for it.
  faults: z
    .array(z.unknown(), { error: 'a list of faults: [{ at: "60%", kill: "app-2" }]' })
    .max(20, { error: 'at most 20 faults' })
    .default([]),
  seed: z.int({ error: SEED }).min(0, { error: SEED }).max(0xffff_ffff, { error: SEED }).default(42),
}
