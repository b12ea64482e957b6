import { type DatabaseSessions, SESSION_KINDS, type SessionKind } from '../facts/database-sessions.ts'
import { formatCores, formatPercent } from '../format.ts'
import { panel, panelTitle, timeAxis, valueAxis } from './axes.ts'
import { type Chart, type ChartSize, drawChart, PHONE_WIDTH } from './draw-chart.ts'
import { type Colour, colour } from './palette.ts'

export const SESSION_WORDS: Readonly<Record<SessionKind, { readonly name: string; readonly paint: Colour }>> =
  {
    cpu: { name: 'computing, or waiting for a core', paint: 'good' },
    lock: { name: 'waiting for a lock', paint: 'limit' },
    lwlock: { name: 'waiting for an internal lock', paint: 'lwlock' },
    io: { name: 'waiting for the disk', paint: 'io' },
    'idle-in-transaction': { name: 'idle in a transaction', paint: 'idle' },
    other: { name: 'other waits', paint: 'other' },
  }

/** Database sessions by what they wait for, stacked, with the line of what the CPU budget can run at once. */
export function databaseSessionsChart(sessions: DatabaseSessions): Chart {
  const kinds = kindsPresent(sessions)
  const draw = (size: ChartSize) => drawChart(`sessions-${size.width}`, size, option(sessions, kinds, size))
  return {
    wideSvg: draw({ width: 1000, height: 300 }),
    narrowSvg: draw({ width: PHONE_WIDTH, height: 260 }),
    summary: summary(sessions, kinds),
  }
}

/** The kinds that occurred at all, in stacking order: the legend names only these. */
export function kindsPresent({ seconds }: DatabaseSessions): readonly SessionKind[] {
  return SESSION_KINDS.filter((kind) => seconds.some(({ counts }) => counts[kind] >= 0.05))
}

function option(
  { seconds, budgetCores }: DatabaseSessions,
  kinds: readonly SessionKind[],
  { width }: ChartSize,
) {
  const shown = seconds.filter(({ sec }) => sec >= 0)
  const untilSec = Math.ceil(shown.at(-1)?.sec ?? 1)
  const budget = budgetCores === null ? undefined : budgetLine(budgetCores)
  return {
    title: panelTitle('sessions at work', 0, 2),
    grid: panel({ left: 40, right: 14, top: 28, bottom: 28 }),
    xAxis: timeAxis({ min: 0, max: untilSec, splitNumber: width > 600 ? 9 : 4 }),
    yAxis: valueAxis({ min: 0 }),
    series: [
      ...kinds.map((kind) => ({
        type: 'line',
        stack: 'sessions',
        silent: true,
        showSymbol: false,
        data: shown.map(({ sec, counts }) => [sec, counts[kind]]),
        lineStyle: { color: colour(SESSION_WORDS[kind].paint), width: 1 },
        areaStyle: { color: colour(SESSION_WORDS[kind].paint), opacity: 0.75 },
      })),
      { type: 'line', silent: true, data: [], markLine: budget },
    ],
  }
}

function budgetLine(budgetCores: number) {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: colour('ink'), type: 'dashed', width: 1.5 },
    label: {
      formatter: `CPU budget: ${formatCores(budgetCores)}`,
      position: 'insideEndTop',
      color: colour('ink'),
      fontSize: 12,
    },
    data: [{ yAxis: budgetCores }],
  }
}

function summary({ seconds, budgetCores }: DatabaseSessions, kinds: readonly SessionKind[]): string {
  const total = (kind: SessionKind) => seconds.reduce((sum, { counts }) => sum + counts[kind], 0)
  const all = kinds.reduce((sum, kind) => sum + total(kind), 0)
  const shares = kinds.map(
    (kind) => `${formatPercent(all === 0 ? 0 : total(kind) / all)} ${SESSION_WORDS[kind].name}`,
  )
  const budget = budgetCores === null ? '' : ` The database may use ${formatCores(budgetCores)}.`
  return `Sessions at work over the surge: ${shares.join(', ') || 'none'}.${budget}`
}
