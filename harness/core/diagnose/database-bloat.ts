import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { DatabaseSignals } from './signals.ts'
import {
  bloatingTable,
  clearedPerSec,
  count,
  cpuTestimony,
  cpuWords,
  DOMINATES,
  isBloating,
  isSaturated,
  percent,
  pressureTestimony,
  writingShare,
} from './testimony.ts'

/**
 * Updates leave dead row versions, and entries for them in every index of the table, faster than they can be cleared: each
 * change costs as much as the table has indexes, and reads work their way around what is left.
 */
export const databaseBloat: Rule = {
  class: 'database-bloat',
  // More CPU carries more of the same.
  predictions: { 'database.scale-up': 'up' },
  decisive: 'those-that-help',
  assess({ database, app }) {
    const cpu = database?.cpu ?? null
    const table = bloatingTable(database)
    const share = writingShare(database)
    return weigh(
      [
        [3, leftTestimony(database)],
        [2, writingTestimony(share)],
        [2, cpuTestimony('database', cpu, 'saturated')],
        [1.5, pressureTestimony(app)],
        [1, cpuTestimony('app', app?.cpu ?? null, 'spare')],
      ],
      [
        table === null && 'updates leave few dead rows behind, or leave the indexes alone',
        table !== null &&
          !isBloating(database) &&
          `changes of rows take only ${percent(share ?? 0)} of the time`,
        !isSaturated(cpu) && `the database used only ${cpu ? cpuWords(cpu) : 'an unknown part of its CPU'}`,
      ],
      {
        resource: table?.table ?? null,
        says: table
          ? `table bloat: ${count(table.left.perSec)} updates a second of ${table.table} each leave a dead row in it and in its indexes, and changes of rows take ${percent(share ?? 0)} of the time`
          : 'table bloat',
      },
      [
        !(database?.tables ?? []).some(({ left }) => left !== null) &&
          'what updates leave behind was not counted',
        share === null && 'what statements write was not counted',
        isBloating(database) && cpu === null && "the database's CPU was not measured",
      ],
    )
  },
}

function leftTestimony(database: DatabaseSignals | null): Evidence | null {
  const counted = (database?.tables ?? []).flatMap(({ table, left }) => (left ? [{ table, left }] : []))
  const most = bloatingTable(database) ?? counted.sort((a, b) => b.left.perSec - a.left.perSec)[0]
  if (!most) return null
  const { table, left } = most
  return {
    layer: 'database',
    metric: 'deadRowsLeftPerSec',
    value: left.perSec,
    unit: 'rows/s',
    threshold: clearedPerSec(left),
    supports: bloatingTable(database) !== null,
    says:
      left.perSec > 0
        ? `${percent(left.ratio)} of the updates of ${table} leave dead rows in its indexes, ${count(left.perSec)} a second; ${Math.round(left.dead).toLocaleString('en-US')} beside ${Math.round(left.rows).toLocaleString('en-US')} rows by now`
        : 'updates leave the indexes alone',
  }
}

function writingTestimony(share: number | null): Evidence | null {
  if (share === null) return null
  return {
    layer: 'database',
    metric: 'writingShareOfTime',
    value: share,
    unit: 'ratio',
    threshold: DOMINATES,
    supports: share >= DOMINATES,
    says: `statements that change rows take ${percent(share)} of the time of all`,
  }
}
