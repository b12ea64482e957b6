import { z } from 'zod'
import type { AbortRule } from '../scenario.ts'
import { readDurationMs, readRatio } from '../units.ts'
import { knownKeys } from './known-keys.ts'
import { ROUTE_NAME, readBound, SOME_BOUND, toObjective } from './slo-input.ts'
import { textOf } from './text-of.ts'

const DEFAULT_OVER_SEC = 10
/** Fewer seconds are chance, and more let a shop lie on the ground for longer than the rule is there to allow. */
const OVER_SEC = { least: 10, most: 30 }

const MS_BOUND = textOf('a bound to be above, such as "> 5s"', (text) => {
  const ms = readBound('>', text, readDurationMs)
  return ms !== null && ms > 0 ? ms : null
})

// More than 100 % of the clicks cannot fail: such a rule would never fire.
const RATIO_BOUND = textOf('a share to be above, below 100%, such as "> 50%"', (text) => {
  const ratio = readBound('>', text, readRatio)
  return ratio !== null && ratio < 1 ? ratio : null
})

const RULE = knownKeys({
  route: ROUTE_NAME,
  p50: MS_BOUND.exactOptional(),
  p95: MS_BOUND.exactOptional(),
  p99: MS_BOUND.exactOptional(),
  errors: RATIO_BOUND.exactOptional(),
  for: textOf(
    `a duration of whole seconds from ${OVER_SEC.least}s to ${OVER_SEC.most}s such as "15s"`,
    (text) => {
      const sec = (readDurationMs(text) ?? Number.NaN) / 1000
      return Number.isInteger(sec) && sec >= OVER_SEC.least && sec <= OVER_SEC.most ? sec : null
    },
  ).exactOptional(),
})
  .refine(({ p50, p95, p99, errors }) => [p50, p95, p99, errors].some((bound) => bound !== undefined), {
    error: SOME_BOUND,
  })
  .transform(
    ({ route, for: overSec, ...bounds }): AbortRule => ({
      route,
      overSec: overSec ?? DEFAULT_OVER_SEC,
      objective: toObjective(bounds),
    }),
  )

/** Rules that end a segment while it runs. */
export const ABORT_INPUT = z
  .array(RULE, { error: 'a list of rules: [{ route: "all", errors: "> 50%", for: "10s" }]' })
  .default([])
