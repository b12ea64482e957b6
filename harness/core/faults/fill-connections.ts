import { z } from 'zod'
import { knownKeys } from '../input/known-keys.ts'
import { textOf } from '../input/text-of.ts'
import type { Fault } from './fault.ts'
import { AT_INPUT, type FaultKind, FOR_INPUT } from './fault-kind.ts'

const LEAVING = 'a whole number of connections to leave free, from 0 to 1000'
const DATABASE = textOf('"database"', (text) => (text === 'database' ? text : null))

/** Somebody else takes the database's connections: a job that leaks them, a dashboard that everybody has opened. */
export const fillConnections: FaultKind<'fill-connections'> = {
  input: knownKeys({
    at: AT_INPUT,
    fillConnections: DATABASE,
    leaving: z.int({ error: LEAVING }).min(0, { error: LEAVING }).max(1000, { error: LEAVING }).default(0),
    for: FOR_INPUT.exactOptional(),
  }).transform(
    ({ at, fillConnections: target, leaving, for: forSec }): Fault => ({
      at,
      forSec: forSec ?? null,
      act: { kind: 'fill-connections', target, leaving },
    }),
  ),
  says: ({ target, leaving }) =>
    `connections to ${target} were taken by others, ${leaving === 0 ? 'all of them' : `all but ${leaving}`}`,
}
