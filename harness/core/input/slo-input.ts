import { z } from 'zod'
import type { Objective } from '../scenario.ts'
import { readDurationMs, readRatio } from '../units.ts'
import { knownKeys } from './known-keys.ts'
import { textOf } from './text-of.ts'

const MS_BOUND = textOf('an upper bound such as "< 300ms"', (text) => {
  const ms = readBound(text, readDurationMs)
  return ms !== null && ms > 0 ? ms : null
})

const RATIO_BOUND = textOf('an upper bound such as "< 1%"', (text) => {
  const ratio = readBound(text, readRatio)
  return ratio !== null && ratio > 0 && ratio <= 1 ? ratio : null
})

/** Objectives are bounds: the sign is part of the text, so that "300ms" cannot be taken for a target to hit. */
function readBound(text: string, read: (text: string) => number | null): number | null {
  const bound = /^\s*<\s*(.+)$/.exec(text)
  return bound ? read(bound[1]!) : null
}

const OBJECTIVE = knownKeys({
  p50: MS_BOUND.exactOptional(),
  p95: MS_BOUND.exactOptional(),
  p99: MS_BOUND.exactOptional(),
  errors: RATIO_BOUND.exactOptional(),
})
  .refine((objective) => Object.keys(objective).length > 0, {
    error: 'at least one of p50, p95, p99, errors',
  })
  .transform(
    ({ p50, p95, p99, errors }): Objective => ({
      ...(p50 === undefined ? {} : { p50Ms: p50 }),
      ...(p95 === undefined ? {} : { p95Ms: p95 }),
      ...(p99 === undefined ? {} : { p99Ms: p99 }),
      ...(errors === undefined ? {} : { errorRatio: errors }),
    }),
  )

const ROUTE = /^(GET|POST) \/[^\s?#]*$/
const ROUTE_EXPECTED = '"all" or a route without its query such as "GET /products/:id" or "POST /checkout"'

/** Objectives by route. That `all` is among them is checked by `readScenario`, beside whatever else is wrong. */
export const SLO_INPUT = z.record(
  z.string().refine((route) => route === 'all' || ROUTE.test(route), { error: ROUTE_EXPECTED }),
  OBJECTIVE,
  { error: 'objectives by route: { all: { p95: "< 300ms", errors: "< 1%" } }' },
)
