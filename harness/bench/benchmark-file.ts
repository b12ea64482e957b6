import { aimReached, type Figure, holds } from './row.ts'

/** What a bench found, as it is committed in reports/benchmarks. */
export type BenchmarkFile = {
  readonly schema: 1
  readonly name: string
  /** ISO 8601. */
  readonly takenOn: string
  readonly machine: { readonly cores: number; readonly node: string }
  readonly rows: readonly BenchmarkRow[]
}

type BenchmarkRow = {
  readonly what: string
  /** ISO 8601: rows may be measured apart from each other. */
  readonly takenOn: string
  /** `null`: it could not be measured. */
  readonly measured: number | null
  readonly must: number
  readonly bound: 'at-most' | 'at-least'
  readonly unit: string
  readonly holds: boolean
  readonly aim?: number
  readonly aimReached?: boolean
  readonly low?: number
  readonly high?: number
  readonly n?: number
  readonly beside?: Readonly<Record<string, number | null>>
  readonly notes?: readonly string[]
}

export function benchmarkFile(
  name: string,
  takenOn: Date,
  machine: BenchmarkFile['machine'],
  figures: readonly Figure[],
): BenchmarkFile {
  return {
    schema: 1,
    name,
    takenOn: takenOn.toISOString(),
    machine,
    rows: figures.map((figure) => rowOf(figure, takenOn)),
  }
}

/** A file with the rows of another measurement in the places of its own, and behind them those it did not have. */
export function withRows(earlier: BenchmarkFile | null, now: BenchmarkFile): BenchmarkFile {
  if (!earlier) return now
  const measured = new Map(now.rows.map((row) => [row.what, row]))
  const kept = earlier.rows.map((row) => measured.get(row.what) ?? row)
  const known = new Set(earlier.rows.map(({ what }) => what))
  return { ...now, rows: [...kept, ...now.rows.filter(({ what }) => !known.has(what))] }
}

function rowOf(figure: Figure, takenOn: Date): BenchmarkRow {
  const { what, measured, must, unit, aim, low, high, n, beside, notes } = figure
  const reached = aimReached(figure)
  return {
    what,
    takenOn: takenOn.toISOString(),
    measured: rounded(measured),
    must: 'atMost' in must ? must.atMost : must.atLeast,
    bound: 'atMost' in must ? 'at-most' : 'at-least',
    unit,
    holds: holds(figure),
    ...(aim !== undefined && reached !== null && { aim, aimReached: reached }),
    ...(low !== undefined && { low: rounded(low) ?? low }),
    ...(high !== undefined && { high: rounded(high) ?? high }),
    ...(n !== undefined && { n }),
    ...(beside && {
      beside: Object.fromEntries(Object.entries(beside).map(([peer, value]) => [peer, rounded(value)])),
    }),
    ...(notes && notes.length > 0 && { notes }),
  }
}

/** Four digits: more would be noise. */
function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : null
}

/** The same as a table for people. */
export function benchmarkMarkdown({ name, machine, rows }: BenchmarkFile): string {
  const lines = rows.map(
    (row) =>
      `| ${row.holds ? '✓' : '✗'} | ${cell(row.what)} | ${measuredText(row)} | ${mustText(row)} | ${besideText(row)} | ${row.takenOn.slice(0, 16).replace('T', ' ')} |`,
  )
  return [
    `# npm run bench ${name}`,
    '',
    `${machine.cores} cores, Node.js ${machine.node}. Ratios are of figures measured in one run; medians (range).`,
    '',
    '| | what | measured | must be | beside it | taken (UTC) |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n')
}

/** "1.43 × (1.37–1.5)". */
export function measuredText({
  measured,
  unit,
  low,
  high,
}: Pick<BenchmarkRow, 'measured' | 'unit' | 'low' | 'high'>): string {
  if (measured === null) return 'not measured'
  const range = low !== undefined && high !== undefined ? ` (${number(low)}–${number(high)})` : ''
  return `${number(measured)}${space(unit)}${unit}${range}`
}

/** "≤ 1.6 × · aim ≤ 1 ×, reached". */
export function mustText({ must, bound, unit, aim, aimReached }: BenchmarkRow): string {
  const sign = bound === 'at-most' ? '≤' : '≥'
  const words = (value: number) => `${sign} ${number(value)}${space(unit)}${unit}`
  if (aim === undefined) return words(must)
  return `${words(must)} · aim ${words(aim)}, ${aimReached ? 'reached' : 'not reached'}`
}

/** "autocannon 63,292, wrk 98,819 · a note". */
export function besideText({ beside = {}, notes = [] }: BenchmarkRow): string {
  const figures = Object.entries(beside).map(
    ([peer, value]) => `${peer} ${value === null ? 'not measured' : number(value)}`,
  )
  return [figures.join(', '), ...notes]
    .filter((text) => text !== '')
    .map(cell)
    .join(' · ')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 4 })
}

function space(unit: string): string {
  return unit.startsWith('/') ? '' : ' '
}
