import type { Fix } from './fix.ts'
import { planted, withoutFlaws } from './without-flaws.ts'

/** Both make one statement read a whole table for the few rows it shows. */
const UNINDEXED = ['missing-index', 'scan-search']

export const databaseIndex: Fix = {
  id: 'database.index',
  label: () => 'the missing index',
  steps: () => [1],
  apply: (topology) => withoutFlaws(topology, UNINDEXED),
  appliesTo: (topology) => planted(topology, UNINDEXED),
  helps: ['database-missing-index'],
  offered: 'when-diagnosed',
  tellsCause: true,
  sideEffect: 'every write keeps one more index, and building it on a large table takes time',
  cost: () => 0,
}
