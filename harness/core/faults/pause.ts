import { knownKeys } from '../input/known-keys.ts'
import type { Fault } from './fault.ts'
import { AT_INPUT, COMPONENT_INPUT, type FaultKind, FOR_INPUT } from './fault-kind.ts'

/** A server that stands still and keeps its connections: a virtual machine that is moved, a disk that hangs. */
export const pause: FaultKind<'pause'> = {
  input: knownKeys({ at: AT_INPUT, pause: COMPONENT_INPUT, for: FOR_INPUT }).transform(
    ({ at, pause: target, for: forSec }): Fault => ({ at, forSec, act: { kind: 'pause', target } }),
  ),
  says: ({ target }) => `${target} stood still`,
}
