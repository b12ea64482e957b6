import { expect, it } from 'vitest'
import { uncheckedOf } from './core/assemble/common.ts'
import { assembleRun } from './core/assemble/single.ts'
import type { RecordLine } from './core/record.ts'
import { readRun } from './core/run-data.ts'
import { buildRun, recordLines } from './core/testing/build-run.ts'
import type { Running } from './ports.ts'
import { conductorOn } from './testing/conductor-on.ts'

it('tells of invariants that could not be asked where they stand, not in the record alone', async () => {
  const run = buildRun({ segments: [{ purpose: 'surge', perSec: 20, durationSec: 20 }], end: null })
  const lines: RecordLine[] = recordLines(run)
  const conducts = conductorOn(
    {
      attached: { ddl: false },
      onDeath: () => {},
      enforceBudgets: async () => {},
      isQuiet: async () => true,
      endpoints: { meter: async () => [] },
      connect: async () => ({ query: async () => [], close: async () => {} }),
    } as unknown as Running,
    lines,
  )
  const rule = { expect: 'no rows', sampled: null } as const
  await conducts.checkInvariants([
    { ...rule, name: 'no order lost', sql: 'select id from ledger where id is null' },
    { ...rule, name: 'no oversell', sql: 'select 1' },
  ])
  const told = assembleRun(readRun(lines)!)!
  expect(told.invariants.map(({ name }) => name)).toEqual(['no oversell'])
  expect(told.uncheckedInvariants).toEqual([
    { name: 'no order lost', because: expect.stringContaining('--allow-ddl') },
  ])
  expect(uncheckedOf(run)).toEqual({})
})
