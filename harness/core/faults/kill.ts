import { knownKeys } from '../input/known-keys.ts'
import type { Fault } from './fault.ts'
import { AT_INPUT, COMPONENT_INPUT, type FaultKind, FOR_INPUT } from './fault-kind.ts'

/** A server that is gone from one moment to the next. With `for` it comes back; without, when the surge is over. */
export const kill: FaultKind<'kill'> = {
  input: knownKeys({ at: AT_INPUT, kill: COMPONENT_INPUT, for: FOR_INPUT.exactOptional() }).transform(
    ({ at, kill: target, for: forSec }): Fault => ({
      at,
      forSec: forSec ?? null,
      act: { kind: 'kill', target },
    }),
  ),
  says: ({ target }) => `${target} was killed`,
}
