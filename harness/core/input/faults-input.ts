import { beginsAtSec, type Fault, type FaultKindName } from '../faults/fault.ts'
import { FAULT_INPUTS, faultSays } from '../faults/index.ts'
import { describeValue } from './describe-value.ts'
import type { Problem } from './problem.ts'
import { problemsOf } from './problems-of.ts'

type Key = keyof typeof FAULT_INPUTS
const KEYS = Object.keys(FAULT_INPUTS) as readonly Key[]
const EXAMPLE = '{ at: "60%", kill: "app-2" }'

/** The faults of a scenario, each read as its kind asks for it, and every problem of each. No list has none. */
export function faultsOf(input: unknown): {
  readonly faults: readonly Fault[]
  readonly problems: readonly Problem[]
} {
  const faults: Fault[] = []
  const problems: Problem[] = []
  for (const [i, written] of (Array.isArray(input) ? input : []).entries()) {
    const path = `faults[${i}]`
    if (typeof written !== 'object' || written === null || Array.isArray(written)) {
      problems.push({ path, expected: `a fault such as ${EXAMPLE}`, got: describeValue(written) })
      continue
    }
    const kinds = KEYS.filter((key) => Object.hasOwn(written, key))
    if (kinds.length !== 1) {
      const got =
        kinds.length === 0 ? `the keys ${Object.keys(written).join(', ') || '(none)'}` : kinds.join(' and ')
      problems.push({ path, expected: `one of ${KEYS.join(', ')}, such as ${EXAMPLE}`, got })
      continue
    }
    const reading = FAULT_INPUTS[kinds[0]!].safeParse(written)
    if (reading.success) faults.push(reading.data)
    else problems.push(...problemsOf(reading.error, written, ['faults', i]))
  }
  return { faults, problems }
}

/** Without `for` they are over as soon as they were done. */
const MOMENTARY: ReadonlySet<FaultKindName> = new Set(['restart', 'drop'])

/**
 * What can only be seen in a surge of this length: faults that would never begin, and two of one kind on one component at
 * the same time, of which the first to end would end both. `surge` names the surge: "traffic", "quick".
 */
export function faultTimeProblems(
  faults: readonly Fault[],
  surgeSec: number,
  surge: string,
): readonly Problem[] {
  const times = faults.map((fault) => {
    const fromSec = beginsAtSec(fault, surgeSec)
    const lastsSec = fault.forSec ?? (MOMENTARY.has(fault.act.kind) ? 0 : Number.POSITIVE_INFINITY)
    return { fault, fromSec, toSec: fromSec + lastsSec }
  })
  return times.flatMap(({ fault, fromSec, toSec }, i): readonly Problem[] => {
    const path = `faults[${i}]`
    if (fromSec >= surgeSec)
      return [
        {
          path: `${path}.at`,
          expected: `a moment within the surge, which lasts ${surgeSec} s (${surge}); as a share it fits every length`,
          got: `${fromSec} s`,
        },
      ]
    const other = times.findIndex(
      (before, j) =>
        j < i &&
        before.fault.act.kind === fault.act.kind &&
        before.fault.act.target === fault.act.target &&
        before.fromSec < toSec &&
        fromSec < before.toSec,
    )
    if (other < 0) return []
    return [
      {
        path,
        expected: `a time when faults[${other}] does not do the same (${surge})`,
        got: `"${faultSays(fault.act)}" from ${Number(fromSec.toFixed(1))} s on`,
      },
    ]
  })
}
