import { knownKeys } from '../input/known-keys.ts'
import type { Fault } from './fault.ts'
import { AT_INPUT, COMPONENT_INPUT, type FaultKind } from './fault-kind.ts'

/** Stopped in order and started again at the same address: a deployment, an update, a failover. */
export const restart: FaultKind<'restart'> = {
  input: knownKeys({ at: AT_INPUT, restart: COMPONENT_INPUT }).transform(
    ({ at, restart: target }): Fault => ({ at, forSec: null, act: { kind: 'restart', target } }),
  ),
  says: ({ target }) => `${target} was restarted`,
}
