import { knownKeys } from '../input/known-keys.ts'
import { textOf } from '../input/text-of.ts'
import { readDurationMs } from '../units.ts'
import type { Fault } from './fault.ts'
import { AT_INPUT, type FaultKind, FOR_INPUT, PROXIED_INPUT } from './fault-kind.ts'

const BY = textOf('a duration from 1ms to 10s such as "20ms"', (text) => {
  const ms = readDurationMs(text)
  return ms !== null && ms >= 1 && ms <= 10_000 ? ms : null
})

/** A longer way: another zone, a congested link. Each answer of the target comes that much later, whatever it takes itself. */
export const delay: FaultKind<'delay'> = {
  input: knownKeys({ at: AT_INPUT, delay: PROXIED_INPUT, by: BY, for: FOR_INPUT.exactOptional() }).transform(
    ({ at, delay: target, by: byMs, for: forSec }): Fault => ({
      at,
      forSec: forSec ?? null,
      act: { kind: 'delay', target, byMs },
    }),
  ),
  says: ({ target, byMs }) => `answers of ${target} came ${byMs} ms later`,
}
