import type { BottleneckClass } from '../bottleneck.ts'
import { armLabel, type FixId } from '../fixes/index.ts'
import type { ArmResult, Confidence, Diagnosis, Finding } from '../result.ts'
import { RULES } from './index.ts'
import { decisiveFixes, type Prediction, predicts, type Rule } from './rule.ts'
import { isSuspicion } from './testimony.ts'

type TriedArm = Pick<ArmResult, 'fixes' | 'verdict' | 'capacity'>

/**
 * The diagnosis after fixes were tried. `confirmed`: changing just this resource moved capacity as predicted, and the
 * runner-up's prediction for the same change failed. A prediction that did not come true takes the confidence away.
 * Only arms of a single fix count: two changes at once confirm nothing.
 */
export function confirm(diagnosis: Diagnosis, arms: readonly TriedArm[]): Diagnosis {
  const { bottleneck } = diagnosis
  const rule = ruleOf(bottleneck.class)
  if (!rule) return diagnosis
  const seen = movements(arms)
  const rival = bottleneck.runnerUp === null ? undefined : ruleOf(bottleneck.runnerUp)
  const judged = judge(rule, rival, seen, bottleneck.confidence)
  // A larger server has more of everything: that its CPU was what helped, nobody saw.
  const { confidence, against } =
    judged.confidence === 'confirmed' && isSuspicion(bottleneck.evidence)
      ? ({ confidence: 'likely', against: null } as const)
      : judged
  return {
    ...diagnosis,
    bottleneck: { ...bottleneck, confidence, against },
    findings: [finding(diagnosis, arms)],
  }
}

/** Classes whose own fix (each of them, where there are several) was tried alone and changed nothing, though it would have had to. */
export function refutedBy(arms: readonly TriedArm[]): ReadonlySet<BottleneckClass> {
  const seen = movements(arms)
  const refuted = RULES.filter((rule) => {
    const effects = decisiveFixes(rule)
      .filter((fix) => predicts(rule, fix) === 'up')
      .map((fix) => seen.get(fix))
    return effects.includes('none') && !effects.includes('up')
  })
  return new Set(refuted.map((rule) => rule.class))
}

/** What each fix did to capacity when it was the only change. */
function movements(arms: readonly TriedArm[]): ReadonlyMap<FixId, Prediction> {
  const seen = new Map<FixId, Prediction>()
  for (const { fixes, verdict } of arms) {
    const [fix] = fixes
    const moved = movement(verdict)
    if (fix && fixes.length === 1 && moved) seen.set(fix.id, moved)
  }
  return seen
}

function judge(
  rule: Rule,
  rival: Rule | undefined,
  seen: ReadonlyMap<FixId, Prediction>,
  before: Confidence,
): { readonly confidence: Confidence; readonly against: BottleneckClass | null } {
  const moved = decisiveFixes(rule).filter((fix) => predicts(rule, fix) === 'up' && seen.get(fix) === 'up')
  const failed = [...seen].some(([id, moved]) => predicts(rule, id) === 'up' && moved === 'none')
  if (failed) return { confidence: 'not-confirmed', against: null }
  // Another change helped too: a second resource is nearly as short, so this one is not the whole story.
  const surprised = [...seen].some(([id, moved]) => predicts(rule, id) === 'none' && moved === 'up')
  if (surprised) return { confidence: moved.length > 0 ? 'likely' : 'not-confirmed', against: null }
  return rival && moved.some((fix) => predicts(rival, fix) === 'none')
    ? { confidence: 'confirmed', against: rival.class }
    : { confidence: before, against: null }
}

/** What a verdict says of capacity; `null`: nothing. */
function movement(verdict: ArmResult['verdict']): Prediction | null {
  switch (verdict) {
    case 'fixes':
    case 'helps':
      return 'up'
    case 'no-effect':
    case 'harms':
      return 'none'
    case 'protects':
    case 'not-run':
    case 'inconclusive':
      return null
  }
}

/** What was measured to help against the bottleneck. */
function finding({ bottleneck }: Diagnosis, arms: readonly TriedArm[]): Finding {
  const helped = arms.flatMap(({ fixes, verdict, capacity }) =>
    movement(verdict) === 'up' && capacity
      ? [
          {
            id: fixes.length === 1 ? fixes[0]!.id : armLabel(fixes),
            gain: {
              metric: 'capacityPerSec' as const,
              low: capacity.low,
              likely: capacity.perSec,
              high: capacity.high,
              method: 'measured' as const,
            },
          },
        ]
      : [],
  )
  return { class: bottleneck.class, says: bottleneck.says, fixes: helped }
}

function ruleOf(name: BottleneckClass): Rule | undefined {
  return RULES.find((rule) => rule.class === name)
}
