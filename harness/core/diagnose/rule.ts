import type { BottleneckClass } from '../bottleneck.ts'
import type { FixId } from '../fixes.ts'
import type { Evidence } from '../result.ts'
import type { Signals } from './signals.ts'

/** One bottleneck class: its signature, and what each fix would do if it were the cause (field notes, decision table). */
export type Rule = {
  readonly class: BottleneckClass
  /** What happens to capacity when only this is changed. */
  readonly predictions: Readonly<Record<FixId, 'up' | 'none'>>
  /** The fix that changes just this resource, so that its effect can confirm the class; `null`: none of today's fixes. */
  readonly decisive: FixId | null
  readonly assess: (signals: Signals) => Assessment
}

export type Assessment = {
  /** Share of the signature that was seen, 0..1, the telling parts counting more. */
  readonly score: number
  readonly evidence: readonly Evidence[]
  /** `null`: it stands. */
  readonly ruledOutBecause: string | null
  readonly resource: string | null
  readonly says: string
}

/** A part of a signature and its weight; `null`: not measured. */
export type Testimony = readonly [weight: number, evidence: Evidence | null]

/** A class is named only from this share of its signature on. */
export const NAMED_FROM = 0.5

/**
 * Weighs a signature. A class stands only when nothing rules it out and two layers support it: one layer alone can be a
 * symptom of what happens in another.
 */
export function weigh(
  testimonies: readonly Testimony[],
  ruledOut: readonly (string | false)[],
  words: { readonly resource: string | null; readonly says: string },
): Assessment {
  const heard = testimonies.flatMap(([weight, evidence]) => (evidence ? [{ weight, evidence }] : []))
  const total = heard.reduce((sum, { weight }) => sum + weight, 0)
  const supporting = heard.filter(({ evidence }) => evidence.supports)
  const score = total > 0 ? supporting.reduce((sum, { weight }) => sum + weight, 0) / total : 0
  const layers = new Set(supporting.map(({ evidence }) => evidence.layer))
  const because =
    ruledOut.find((reason) => reason !== false) ||
    (layers.size < 2 ? `only ${[...layers][0] ?? 'no'} layer points to it: two must agree` : null)
  return {
    score,
    evidence: heard.map(({ evidence }) => evidence),
    ruledOutBecause: because || null,
    ...words,
  }
}
