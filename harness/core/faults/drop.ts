import { knownKeys } from '../input/known-keys.ts'
import { textOf } from '../input/text-of.ts'
import { readRatio } from '../units.ts'
import type { Fault } from './fault.ts'
import { AT_INPUT, type FaultKind, FOR_INPUT, PROXIED_INPUT } from './fault-kind.ts'

const SHARE = textOf('a share of the connections above 0% and up to 100%, such as "50%"', (text) => {
  const share = readRatio(text)
  return share !== null && share > 0 && share <= 1 ? share : null
})

/** Connections that break: this share of the open ones at once and, as long as it lasts, of the new ones. */
export const drop: FaultKind<'drop'> = {
  input: knownKeys({
    at: AT_INPUT,
    drop: PROXIED_INPUT,
    share: SHARE.default(1),
    for: FOR_INPUT.exactOptional(),
  }).transform(
    ({ at, drop: target, share, for: forSec }): Fault => ({
      at,
      forSec: forSec ?? null,
      act: { kind: 'drop', target, share },
    }),
  ),
  says: ({ target, share }) =>
    share === 1
      ? `all connections to ${target} were broken`
      : `${Number((share * 100).toFixed(1))} % of the connections to ${target} were broken`,
}
