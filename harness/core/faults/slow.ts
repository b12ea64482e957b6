import { knownKeys } from '../input/known-keys.ts'
import { textOf } from '../input/text-of.ts'
import { readRatio } from '../units.ts'
import type { Fault } from './fault.ts'
import { AT_INPUT, COMPONENT_INPUT, type FaultKind, FOR_INPUT } from './fault-kind.ts'

const SHARE = textOf('what is left of its CPU budget, from 1% to 99%, such as "20%"', (text) => {
  const share = readRatio(text)
  return share !== null && share >= 0.01 && share <= 0.99 ? share : null
})

/** A server whose CPU is taken from it: a noisy neighbour, a backup, credits used up. */
export const slow: FaultKind<'slow'> = {
  input: knownKeys({
    at: AT_INPUT,
    slow: COMPONENT_INPUT,
    to: SHARE,
    for: FOR_INPUT.exactOptional(),
  }).transform(
    ({ at, slow: target, to: share, for: forSec }): Fault => ({
      at,
      forSec: forSec ?? null,
      act: { kind: 'slow', target, share },
    }),
  ),
  says: ({ target, share }) => `${target} was slowed to ${Number((share * 100).toFixed(1))} % of its CPU`,
}
