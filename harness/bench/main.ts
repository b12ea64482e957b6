import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { BALANCER_ROWS } from './balancer/index.ts'
import {
  type BenchmarkFile,
  benchmarkFile,
  benchmarkMarkdown,
  besideText,
  measuredText,
  mustText,
  withRows,
} from './benchmark-file.ts'
import { ENGINE_ROWS } from './engine/index.ts'
import { ENVIRONMENT_ROWS } from './environment/index.ts'
import type { Bench, Figure, Row } from './row.ts'
import { SHOP_ROWS } from './shop/index.ts'

/**
 * `npm run bench <engine|shop|balancer|environment> [-- words…] [--quick]`: figures as ratios within one run, since absolute times say more about
 * the machine than about the code. Words choose rows by their name. What was measured takes its place in
 * reports/benchmarks; a quick bench is only printed. Exit 1 when a row falls short.
 */
const BENCHES: Readonly<Record<string, readonly Row[]>> = {
  engine: ENGINE_ROWS,
  shop: SHOP_ROWS,
  balancer: BALANCER_ROWS,
  environment: ENVIRONMENT_ROWS,
}
const FOLDER = fileURLToPath(new URL('../../reports/benchmarks/', import.meta.url))

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const quick = process.argv.includes('--quick')
const [name = '', ...wanted] = words
const rows = BENCHES[name]
const chosen = rows?.filter(
  (row) => wanted.length === 0 || wanted.some((word) => row.name.toLowerCase().includes(word.toLowerCase())),
)
const unknown = process.argv.slice(2).filter((word) => word.startsWith('--') && word !== '--quick')
if (!rows || !chosen || chosen.length === 0 || unknown.length > 0) {
  const names = rows ? `\nrows: ${rows.map((row) => row.name).join(' · ')}` : ''
  process.stderr.write(
    `usage: npm run bench <${Object.keys(BENCHES).join('|')}> [words of a row's name…] [--quick]${names}\n`,
  )
  process.exit(2)
}
const bench: Bench = {
  rounds: quick ? 1 : 5,
  sec: quick ? 2 : 5,
  say: (text) => process.stderr.write(`  ${text}\n`),
}

const machine = { cores: availableParallelism(), node: process.versions.node }
const measured: Figure[] = []
let failed = 0
for (const row of chosen) {
  const figures = await measuredBy(row)
  measured.push(...figures)
  for (const line of benchmarkFile(name, new Date(), machine, figures).rows) {
    const beside = besideText(line)
    process.stdout.write(
      `${line.holds ? '✓' : '✗'} ${line.what}: ${measuredText(line)} · must be ${mustText(line)}\n${beside && `    ${beside}\n`}`,
    )
  }
}
const file = benchmarkFile(name, new Date(), machine, measured)
const reached = file.rows.filter((row) => row.holds).length
process.stdout.write(`${reached} of ${file.rows.length + failed} figures reach what they must\n`)
if (!quick) {
  mkdirSync(FOLDER, { recursive: true })
  const path = `${FOLDER}${name}.json`
  const earlier = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BenchmarkFile) : null
  const whole = withRows(earlier, file)
  writeFileSync(path, `${JSON.stringify(whole, null, 2)}\n`)
  writeFileSync(`${FOLDER}${name}.md`, benchmarkMarkdown(whole))
  process.stdout.write(`written to reports/benchmarks/${name}.json and ${name}.md\n`)
}
process.exit(failed === 0 && reached === file.rows.length ? 0 : 1)

/** The figures of a row; none when it could not be measured, which is said and leaves the others alone. */
async function measuredBy(row: Row): Promise<readonly Figure[]> {
  try {
    return await row.measure(bench)
  } catch (error) {
    failed++
    const why = error instanceof Error ? error.message : String(error)
    process.stdout.write(`✗ ${row.name}: not measured: ${why}\n`)
    return []
  }
}
