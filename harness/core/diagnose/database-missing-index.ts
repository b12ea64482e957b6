import type { Evidence } from '../result.ts'
import { type Rule, weigh } from './rule.ts'
import type { StatementSignals } from './signals.ts'
import {
  cpuTestimony,
  cpuWords,
  DOMINATES,
  fellBeforeSlow,
  isSaturated,
  percent,
  pressureTestimony,
  scannedTable,
  scanTestimony,
} from './testimony.ts'

/** The database uses up its CPU on scanning a whole table for a few rows: an index would make the work go away. */
export const databaseMissingIndex: Rule = {
  class: 'database-missing-index',
  predictions: { 'database.scale-up': 'up', 'app.scale-out': 'none', 'cache.single-flight': 'none' },
  // More CPU helps a plain shortage of CPU just as much; only the index itself can confirm it.
  decisive: 'database.index',
  assess({ database, app }) {
    const cpu = database?.cpu ?? null
    const scanned = scannedTable(database)
    const heaviest = database?.statements[0]
    const share = heaviest ? `, ${percent(heaviest.shareOfTime)} of the time in "${heaviest.label}"` : ''
    return weigh(
      [
        [3, scanTestimony(database, 'scans')],
        [2, cpuTestimony('database', cpu, 'saturated')],
        [1.5, dominationTestimony(heaviest)],
        [1, pressureTestimony(app)],
        [1, cpuTestimony('app', app?.cpu ?? null, 'spare')],
      ],
      [
        fellBeforeSlow(database),
        (database?.tables.length ?? 0) === 0 && 'no table statistics were read',
        scanned === null && 'tables are read by index: whole-table scans do not dominate',
        !isSaturated(cpu) && `the database used only ${cpu ? cpuWords(cpu) : 'an unknown part of its CPU'}`,
      ],
      {
        resource: scanned?.table ?? null,
        says: scanned
          ? `missing index: each look-up scans ${Math.round(scanned.rowsPerScan).toLocaleString('en-US')} rows of ${scanned.table}${share}`
          : 'missing index',
      },
      [scanned !== null && cpu === null && "the database's CPU was not measured"],
    )
  },
}

function dominationTestimony(heaviest: StatementSignals | undefined): Evidence | null {
  if (!heaviest) return null
  return {
    layer: 'database',
    metric: 'statementShareOfTime',
    value: heaviest.shareOfTime,
    unit: 'ratio',
    threshold: DOMINATES,
    supports: heaviest.shareOfTime >= DOMINATES,
    says: `"${heaviest.label}" takes ${percent(heaviest.shareOfTime)} of the time of all statements`,
  }
}
