import type { BottleneckClass } from '../bottleneck.ts'
import type { Diagnosis, Evidence, RuledOut } from '../result.ts'
import { RULES } from './index.ts'
import { noBottleneck } from './none.ts'
import { isUnheard, outsideTestimony } from './outside-testimony.ts'
import { type Assessment, decisiveFixes, NAMED_FROM, predicts, type Rule } from './rule.ts'
import type { Signals } from './signals.ts'
import { isSuspicion } from './testimony.ts'

type Ranked = Assessment & { readonly rule: Rule }

/** From this share of its signature on, an unconfirmed class counts as likely. */
const LIKELY_FROM = 0.7
/** … unless another class that stands comes this close to it: then both fit. */
const LEAD = 0.2

const REFUTED = 'the fix that would have helped against it was tried alone, and changed nothing'

/** The class that fits the measurements best, its strongest rival, and why the others were ruled out. */
export function rank(signals: Signals, refuted: ReadonlySet<BottleneckClass> = new Set()): Diagnosis {
  const outside = outsideTestimony(signals)
  const assessed = RULES.map((rule): Ranked => {
    const assessment = withOutside(rule.assess(signals), outside, isUnheard(signals))
    const because = refuted.has(rule.class) ? REFUTED : assessment.ruledOutBecause
    return { ...assessment, ruledOutBecause: because, rule }
  })
  const ranked = assessed.sort(
    (a, b) => Number(a.ruledOutBecause !== null) - Number(b.ruledOutBecause !== null) || b.score - a.score,
  )
  const standing = ranked.filter(
    ({ ruledOutBecause, score }) => ruledOutBecause === null && score >= NAMED_FROM,
  )
  // While the generator cannot keep up, nothing else that was measured can be believed.
  const top = standing.find(({ rule }) => rule.class === 'generator') ?? standing[0]
  const others = ranked.filter((candidate) => candidate !== top)
  const ruledOut = others
    .map(
      ({ rule, ruledOutBecause, score, judged }): RuledOut => ({
        class: rule.class,
        because: ruledOutBecause ?? `weaker: ${Math.round(score * 100)} % of its signature was seen`,
        // An experiment judges without measurements.
        ...(!judged && !refuted.has(rule.class) && { judged: false }),
      }),
    )
    .sort((a, b) => Number(b.judged ?? true) - Number(a.judged ?? true))
  const close = standing.some((rival) => top && rival !== top && rival.score > top.score - LEAD)
  if (!top) return { bottleneck: noBottleneck(signals), ruledOut, findings: [] }
  return {
    bottleneck: {
      class: top.rule.class,
      resource: top.resource,
      confidence:
        top.score >= LIKELY_FROM && !close && !isSuspicion(top.evidence) ? 'likely' : 'not-confirmed',
      against: null,
      evidence: top.evidence,
      runnerUp: strongestRival(top, others)?.rule.class ?? null,
      says: top.says,
    },
    ruledOut,
    findings: [],
  }
}

/** What one layer of the database points to stands when somebody outside it suffers, too. */
function withOutside(assessment: Assessment, outside: Evidence | null, unheard: boolean): Assessment {
  if (assessment.only !== 'database') return assessment
  const evidence = outside ? [...assessment.evidence, outside] : assessment.evidence
  if (outside?.supports) return { ...assessment, evidence, ruledOutBecause: null }
  // Shoppers who are served well speak against it; an app that says nothing does not.
  return { ...assessment, evidence, judged: assessment.judged && !unheard }
}

/**
 * Who else it could be: the strongest class still standing, else the one that fits best among those whose fixes would
 * do something else (a rival that predicts the same could never be told apart by trying them) and of which more was
 * measured than what they share with others.
 */
function strongestRival(top: Ranked, others: readonly Ranked[]): Ranked | undefined {
  const rivals = others.filter(({ rule }) => rule.class !== 'generator')
  const standing = rivals.find(({ ruledOutBecause }) => ruledOutBecause === null)
  if (standing) return standing
  const decisive = decisiveFixes(top.rule)
  const apart = rivals.filter(
    ({ rule }) =>
      decisive.length === 0 || decisive.some((fix) => predicts(rule, fix) !== predicts(top.rule, fix)),
  )
  return [apart.filter(({ judged }) => judged), apart, rivals].find(({ length }) => length > 0)?.[0]
}
