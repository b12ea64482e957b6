import type { z } from 'zod'
import { textOf } from '../input/text-of.ts'
import { readDurationMs } from '../units.ts'
import type { ActOf, Fault, FaultKindName, FaultMoment } from './fault.ts'

/** One kind of fault: how a scenario writes it, and how reports tell it. Each kind is one file. */
export type FaultKind<Kind extends FaultKindName> = {
  /** Reads `{ at, kill: 'app-2', for? }`. */
  readonly input: z.ZodType<Fault>
  /** "app-2 was killed" */
  readonly says: (act: ActOf<Kind>) => string
}

const AT = 'a moment of the surge: "60%" of its length, or "12s" after its start'
const COMPONENT = /^(database|balancer|cache|redis|pooler|(app|replica)-[1-9]\d?)$/

/** The fields that all faults share. */
export const AT_INPUT = textOf<FaultMoment>(AT, (text) => {
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())?.[1]
  if (share !== undefined) return Number(share) < 100 ? { kind: 'share', share: Number(share) / 100 } : null
  const ms = readDurationMs(text)
  return ms === null ? null : { kind: 'after', sec: ms / 1000 }
})

export const FOR_INPUT = textOf('a duration of at least 100ms such as "3s"', (text) => {
  const ms = readDurationMs(text)
  return ms !== null && ms >= 100 ? ms / 1000 : null
})

/** A component by its name. Whether an arm has it is seen when the arm runs. */
export const COMPONENT_INPUT = textOf(
  'a component such as "app-2", "database", "replica-1", "pooler", "redis" or "balancer"',
  (text) => (COMPONENT.test(text) ? text : null),
)

/** What stands behind the proxy through which the app's connections can be led. */
export const PROXIED_INPUT = textOf(
  '"database": the app reaches nothing else through a proxy of ours',
  (text) => (text === 'database' ? text : null),
)
