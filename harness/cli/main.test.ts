import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildRun, recordLines } from '../core/testing/build-run.ts'
import { command } from './testing/command.ts'

let reports: string
beforeAll(() => {
  reports = mkdtempSync(join(tmpdir(), 'doorbuster-cli-'))
})
afterAll(() => rmSync(reports, { recursive: true, force: true }))

const run = (...args: string[]) => command(args, { reports }).ended

describe('usage', () => {
  test('help lists every command that is built, and exits 0', async () => {
    const { code, stdout } = await run('--help')
    expect(code).toBe(0)
    for (const name of ['rehearse', 'run', 'capacity', 'whatif', 'diagnose', 'report', 'validate', 'shop']) {
      expect(stdout).toMatch(new RegExp(`^ +${name} `, 'm'))
    }
  })

  test.each([
    ['an unknown option', ['rehearse', '--fast']],
    ['an unknown fix', ['whatif', 'black-friday', '--fix', 'database.magic']],
    ['a fix that does not apply', ['whatif', 'black-friday', '--fix', 'database.index']],
    ['a budget that is no duration', ['rehearse', '--budget', 'soon']],
    ['a number of replays that is none', ['rehearse', '--repeat', '0']],
    ['a rate that is none', ['capacity', 'black-friday', '--at-least', 'many']],
    ['an unknown run', ['report', 'nowhere']],
    ['an environment file that is not there', ['rehearse', '--env', './nowhere.ts']],
    ['an unknown scenario', ['validate', 'blck-friday']],
  ])('%s: exit 2, before anything starts', async (_, args) => {
    const { code, stdout, stderr } = await run(...args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).not.toContain('bringing the system up')
    expect(stderr).not.toMatch(/\bat .*\.ts:\d+/)
  })

  test.each([
    ['ends the process', 'process.exit(0)'],
    ['never finishes loading', 'await new Promise(() => {})'],
  ])('a scenario that %s: exit 2', async (_, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'))
    writeFileSync(join(folder, 'odd.mts'), text)
    const { code, stderr } = await run('validate', join(folder, 'odd.mts'))
    rmSync(folder, { recursive: true })
    expect(code).toBe(2)
    expect(stderr).toContain('scenario')
  })

  test('an environment file that ends the process is called that', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'))
    writeFileSync(join(folder, 'odd.env.mts'), 'process.exit(0)')
    const { code, stderr } = await run('rehearse', '--env', join(folder, 'odd.env.mts'))
    rmSync(folder, { recursive: true })
    expect(code).toBe(2)
    expect(stderr).toMatch(/the environment file .*odd\.env\.mts ended the process/)
  })

  test('an environment file that Node takes for CommonJS is told how to become a module', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'))
    writeFileSync(
      join(folder, 'own.env.ts'),
      "import { defineEnvironment } from 'doorbuster'\nexport default defineEnvironment({ target: 'http://localhost:3000' })\n",
    )
    const { code, stderr } = await run('rehearse', '--env', join(folder, 'own.env.ts'))
    rmSync(folder, { recursive: true })
    expect(code).toBe(2)
    expect(stderr).toContain('An environment file is an ES module: name it .mts')
  })

  test('a file that leaves a timer behind keeps nobody waiting, and a pipe gets everything', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'))
    const path = join(folder, 'lingering.mts')
    const journeys = Array.from({ length: 2000 }, (_, i) => `journey('j${i}', { weight: 1 }, async () => {})`)
    writeFileSync(
      path,
      `import { defineScenario, journey, surge } from 'doorbuster'
setInterval(() => {}, 1000)
export default defineScenario({ name: 'lingering', traffic: surge.constant({ normal: '5/s', lasts: '60s' }),
  shoppers: [${journeys.join(',\n')}], question: 'Does it end?', slo: { all: { p95: '< 1s' } } })`,
    )
    const { code, stdout, stderr } = await run('validate', path, '--json')
    rmSync(folder, { recursive: true })
    expect(stderr).toContain(`exit ${code}:`)
    // More than a pipe holds at once.
    expect(stdout.length).toBeGreaterThan(70_000)
    expect(() => JSON.parse(stdout)).not.toThrow()
  })

  test('Ctrl-C ends it even while a scenario runs for ever', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'))
    writeFileSync(join(folder, 'spin.mts'), "process.stderr.write('spinning'); while (true);")
    const { child, ended, shows } = command(['validate', join(folder, 'spin.mts')], { reports })
    await shows('spinning')
    child.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true })
    expect(child.signalCode).toBe('SIGINT')
  })

  test('a mistake in the options is a JSON document when one was asked for', async () => {
    const { code, stdout } = await run('run', 'black-friday', '--json', '--budget', '1s')
    expect(code).toBe(2)
    expect(JSON.parse(stdout).error.message).toContain('60s')
  })

  test('an unknown scenario names the nearest one', async () => {
    const { stderr } = await run('validate', 'blck-friday')
    expect(stderr).toContain('black-friday')
    expect(stderr).toContain('exit 2')
  })

  test('all problems with --set at once, also as JSON', async () => {
    const { code, stdout } = await run(
      'run',
      'black-friday',
      '--json',
      '--set',
      'topology.databse.cpu=1',
      '--set',
      'topology.app.instances=many',
    )
    expect(code).toBe(2)
    const { error, schema } = JSON.parse(stdout)
    expect(schema).toBe(1)
    expect(error.message).toContain('topology.database.cpu')
    expect(error.message).toContain('topology.app.instances')
  })

  test('budgets that do not fit this machine: exit 4, with the sum', async () => {
    const { code, stderr } = await run('run', 'black-friday', '--set', 'topology.database.cpu=60')
    expect(code).toBe(4)
    expect(stderr).toMatch(/needs \d+.*cores/)
  })
})

test('validate says what a scenario would do and starts nothing', async () => {
  const { code, stdout } = await run('validate', 'black-friday')
  expect(code).toBe(0)
  expect(stdout).toContain('5 → 60 shoppers/s')
  expect(stdout).toMatch(/data +category 100 · product 10000/)
  expect(stdout).toMatch(/all +p95 +59 clicks/)
})

describe('reading a record', () => {
  const lines = recordLines(buildRun({ segments: [{ purpose: 'surge', perSec: 20, durationSec: 20 }] }))
  const text = lines.map((line) => JSON.stringify(line)).join('\n')

  test.each([
    ['text', /TODAY/],
    ['md', /^# /],
    ['html', /^<!doctype html>/i],
    ['json', /"command": "rehearse"/],
  ])('report --format %s', async (format, expected) => {
    const path = join(reports, 'record.ndjson')
    writeFileSync(path, text)
    const { code, stdout } = await run('report', path, '--format', format)
    expect(code).toBe(0)
    expect(stdout).toMatch(expected)
  })

  test('report - reads standard input, and a record cut short is partial', async () => {
    const cut = text.slice(0, text.length - 40)
    const { code, stdout, stderr } = await command(['report', '-'], { reports, input: cut }).ended
    expect(code).toBe(0)
    expect(stdout).toContain('PARTIAL')
    expect(stderr).toContain('partial record')
  })
})
