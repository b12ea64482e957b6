import { z } from 'zod'
import type { Objective } from '../scenario.ts'
import { readDurationMs, readRatio } from '../units.ts'
import { knownKeys } from './known-keys.ts'
import { textOf } from './text-of.ts'

const MS_BOUND = textOf('an upper bound such as "< 300ms"', (text) => {
  const ms = readBound('<', text, readDurationMs)
  return ms !== null && ms > 0 ? ms : null
})

const RATIO_BOUND = textOf('an upper bound such as "< 1%"', (text) => {
  const ratio = readBound('<', text, readRatio)
  return ratio !== null && ratio > 0 && ratio <= 1 ? ratio : null
})

/** The sign is part of the text, so that "300ms" cannot be taken for a target to hit. */
export function readBound(
  sign: '<' | '>',
  text: string,
  read: (text: string) => number | null,
): number | null {
  const bound = text.trim()
  return bound.startsWith(sign) ? read(bound.slice(1).trim()) : null
}

/** The bounds an objective may be made of, as they were read. */
type Bounds = Readonly<Partial<Record<'p50' | 'p95' | 'p99' | 'errors', number>>>

export const SOME_BOUND = 'at least one of p50, p95, p99, errors'

export function toObjective({ p50, p95, p99, errors }: Bounds): Objective {
  return {
    ...(p50 === undefined ? {} : { p50Ms: p50 }),
    ...(p95 === undefined ? {} : { p95Ms: p95 }),
    ...(p99 === undefined ? {} : { p99Ms: p99 }),
    ...(errors === undefined ? {} : { errorRatio: errors }),
  }
}

const OBJECTIVE = knownKeys({
  p50: MS_BOUND.exactOptional(),
  p95: MS_BOUND.exactOptional(),
  p99: MS_BOUND.exactOptional(),
  errors: RATIO_BOUND.exactOptional(),
})
  .refine((objective) => Object.keys(objective).length > 0, { error: SOME_BOUND })
  .transform(toObjective)

const ROUTE = /^(GET|POST) \/[^\s?#]*$/
const ROUTE_EXPECTED = '"all" or a route without its query such as "GET /products/:id" or "POST /checkout"'

/** What an objective is on: `all` clicks, or those of one route. */
export const ROUTE_NAME = z
  .string({ error: ROUTE_EXPECTED })
  .refine((route) => route === 'all' || ROUTE.test(route), { error: ROUTE_EXPECTED })

/** Objectives by route. That `all` is among them is checked by `readScenario`, beside whatever else is wrong. */
export const SLO_INPUT = z.record(ROUTE_NAME, OBJECTIVE, {
  error: 'objectives by route: { all: { p95: "< 300ms", errors: "< 1%" } }',
})
