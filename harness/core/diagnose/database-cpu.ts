import { type Rule, weigh } from './rule.ts'
import {
  bloatingTable,
  cpuTestimony,
  cpuWords,
  expiriesSwamp,
  fellBeforeSlow,
  isBloating,
  isLockBound,
  isSaturated,
  isStorm,
  onCpuTestimony,
  percent,
  pressureTestimony,
  scannedTable,
  scanTestimony,
} from './testimony.ts'

/** The database uses up its CPU on work that is as cheap as it can be: more of it is needed, or less work. */
export const databaseCpu: Rule = {
  class: 'database-cpu',
  predictions: { 'database.scale-up': 'up', 'app.scale-out': 'none', 'cache.single-flight': 'none' },
  decisive: 'database.scale-up',
  assess(signals) {
    const { database, app } = signals
    const cpu = database?.cpu ?? null
    const heaviest = database?.statements[0]
    const share = heaviest ? `, ${percent(heaviest.shareOfTime)} of it "${heaviest.label}"` : ''
    const scanned = scannedTable(database)
    return weigh(
      [
        [3, cpuTestimony('database', cpu, 'saturated')],
        [2, onCpuTestimony(database, 'many')],
        [1.5, pressureTestimony(app)],
        [1.5, cpuTestimony('app', app?.cpu ?? null, 'spare')],
        [1, scanTestimony(database, 'indexes')],
      ],
      [
        cpu === null && "the database's CPU was not measured",
        cpu !== null && !isSaturated(cpu) && `the database used only ${cpuWords(cpu)}`,
        isLockBound(database) && !isSaturated(cpu) && 'its sessions wait for locks, not for CPU',
        scanned !== null && `most of what it reads comes from scanning ${scanned.table}: an index is missing`,
        isBloating(database) &&
          `most of what it does is changes of ${bloatingTable(database)?.table} that leave dead rows behind`,
        isStorm(signals.repeats) && 'most of what it does is for pages it has worked on before',
        fellBeforeSlow(database),
        expiriesSwamp(signals) && 'it is short only when pages expire from the cache together',
      ],
      {
        resource: database?.component ?? null,
        says: cpu ? `database CPU: ${cpuWords(cpu)}${share}` : 'database CPU',
      },
    )
  },
}
