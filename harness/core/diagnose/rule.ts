import type { BottleneckClass } from '../bottleneck.ts'
import { FIX_IDS, FIXES, type FixId } from '../fixes/index.ts'
import type { Evidence } from '../result.ts'
import type { Signals } from './signals.ts'

/** One bottleneck class: its signature, and what each fix would do if it were the cause (field notes, decision table). */
export type Rule = {
  readonly class: BottleneckClass
  /** What happens to capacity when only this is changed, where that differs from what the fix says of itself (`helps`). */
  readonly predictions: Readonly<Partial<Record<FixId, Prediction>>>
  /**
   * The fix that changes just this resource, so that its effect can confirm the class; `null`: none of today's fixes;
   * `those-that-help`: every fix that says it helps against this class, none of which helps by bringing more of everything.
   */
  readonly decisive: FixId | 'those-that-help' | null
  /**
   * Its signs lie further apart than a capacity step is long: what a surge shows of it outweighs steps that cannot.
   * Absent: a few seconds at the limit show it.
   */
  readonly shownBySurge?: true
  readonly assess: (signals: Signals) => Assessment
}

export type Prediction = 'up' | 'none'

/** What a class says that a fix does to capacity, when it is the only change; `null`: nothing, it changes several things. */
export function predicts({ class: named, predictions }: Rule, fix: FixId): Prediction | null {
  if (!FIXES[fix].tellsCause) return null
  return predictions[fix] ?? (FIXES[fix].helps.includes(named) ? 'up' : 'none')
}

/** The fixes whose effect, each tried alone, can confirm a class or speak against it. */
export function decisiveFixes({ class: named, decisive }: Rule): readonly FixId[] {
  if (decisive === 'those-that-help')
    return FIX_IDS.filter((id) => FIXES[id].tellsCause && FIXES[id].helps.includes(named))
  return decisive === null ? [] : [decisive]
}

export type Assessment = {
  /** The most telling parts of the signature were measured. */
  readonly judged: boolean
  /** Share of the signature that was seen, 0..1, the telling parts counting more. */
  readonly score: number
  readonly evidence: readonly Evidence[]
  /** Nothing speaks against it but that this one layer alone points to it; `null`: something does, or two layers agree. */
  readonly only: Evidence['layer'] | null
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
 * symptom of what happens in another. `notJudged`: what it takes to tell was not measured.
 */
export function weigh(
  testimonies: readonly Testimony[],
  ruledOut: readonly (string | false)[],
  words: { readonly resource: string | null; readonly says: string },
  notJudged: readonly (string | false)[] = [],
): Assessment {
  const heard = testimonies.flatMap(([weight, evidence]) => (evidence ? [{ weight, evidence }] : []))
  const total = heard.reduce((sum, { weight }) => sum + weight, 0)
  const supporting = heard.filter(({ evidence }) => evidence.supports)
  const score = total > 0 ? supporting.reduce((sum, { weight }) => sum + weight, 0) / total : 0
  const layers = new Set(supporting.map(({ evidence }) => evidence.layer))
  const missing = notJudged.find((reason) => reason !== false)
  const against = missing || ruledOut.find((reason) => reason !== false)
  const because =
    against || (layers.size < 2 ? `only ${[...layers][0] ?? 'no'} layer points to it: two must agree` : null)
  const heaviest = Math.max(...testimonies.map(([weight]) => weight))
  return {
    judged: !missing && heard.some(({ weight }) => weight === heaviest),
    score,
    evidence: heard.map(({ evidence }) => evidence),
    only: !against && layers.size === 1 ? [...layers][0]! : null,
    ruledOutBecause: because || null,
    ...words,
  }
}
