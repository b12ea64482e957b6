import { ENGINE_ROWS } from './engine/index.ts'
import type { Bench, Row } from './row.ts'

/**
 * `npm run bench engine [-- words…] [--quick]`: figures as ratios within one run, since absolute times say more about
 * the machine than about the code. Words choose rows by their name. Exit 1 when a row falls short.
 */
const BENCHES: Readonly<Record<string, readonly Row[]>> = { engine: ENGINE_ROWS }

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const quick = process.argv.includes('--quick')
const [name = '', ...wanted] = words
const rows = BENCHES[name]
if (!rows) {
  process.stderr.write(
    `usage: npm run bench <${Object.keys(BENCHES).join('|')}> [words of a row's name…] [--quick]\n`,
  )
  process.exit(2)
}
const chosen = rows.filter((row) => wanted.length === 0 || wanted.some((word) => row.name.includes(word)))
const bench: Bench = {
  rounds: quick ? 1 : 5,
  sec: quick ? 2 : 5,
  say: (text) => process.stderr.write(`  ${text}\n`),
}

let short = 0
for (const row of chosen) {
  const reading = await row.measure(bench)
  if (!reading.met) short++
  const aim = row.aim === undefined ? '' : ` · aim ${row.aim}${reading.aimMet ? ' reached' : ''}`
  process.stdout.write(
    `${reading.met ? '✓' : '✗'} ${row.name}: ${reading.figure} · must be ${row.must}${aim}\n`,
  )
  for (const line of reading.beside) process.stdout.write(`    ${line}\n`)
}
process.stdout.write(`${chosen.length - short} of ${chosen.length} rows reach what they must\n`)
process.exit(short === 0 && chosen.length > 0 ? 0 : 1)
