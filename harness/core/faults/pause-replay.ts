import { knownKeys } from '../input/known-keys.ts'
import { textOf } from '../input/text-of.ts'
import type { Fault } from './fault.ts'
import { AT_INPUT, type FaultKind, FOR_INPUT } from './fault-kind.ts'

const REPLICA = textOf('a replica such as "replica-1"', (text) =>
  /^replica-[1-9]\d?$/.test(text) ? text : null,
)

/** A replica that goes on answering and no longer hears of what changes: it tells of the past. */
export const pauseReplay: FaultKind<'pause-replay'> = {
  input: knownKeys({ at: AT_INPUT, pauseReplay: REPLICA, for: FOR_INPUT.exactOptional() }).transform(
    ({ at, pauseReplay: target, for: forSec }): Fault => ({
      at,
      forSec: forSec ?? null,
      act: { kind: 'pause-replay', target },
    }),
  ),
  says: ({ target }) => `${target} no longer followed the primary`,
}
