import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { command, leftBehind, processesOf } from './testing/command.ts'

/** Real parts from end to end: Postgres, the shop, the balancer, the engine, the probes. */

const scenario = fileURLToPath(new URL('./testing/small-surge.ts', import.meta.url))
let reports: string
beforeAll(() => {
  reports = mkdtempSync(join(tmpdir(), 'doorbuster-whole-'))
})
afterAll(() => rmSync(reports, { recursive: true, force: true }))

const gone = (pid: number) =>
  vi.waitFor(() => expect(leftBehind(pid)).toEqual([]), { timeout: 5000, interval: 100 })
const folders = () => readdirSync(reports).filter((name) => name.endsWith('small-surge'))

test('one surge: an answer as JSON that keeps to the schema, the reports beside the record, nothing left', async () => {
  const whole = command(['run', scenario, '--json'], { reports })
  const { code, stdout, stderr } = await whole.ended
  // On a busy machine the measurement may be void, and says so; what matters here is that it is told right.
  expect([0, 1, 5], stderr).toContain(code)
  const result = JSON.parse(stdout)
  expect(result.exit.code).toBe(code)
  const schema = JSON.parse(readFileSync(new URL('../report/result.schema.json', import.meta.url), 'utf8'))
  const validate = new Ajv2020({ strict: false }).compile(schema)
  expect(validate(result), JSON.stringify(validate.errors)).toBe(true)
  const clicks = result.surge.seconds.reduce(
    (sum: number, second: { clicks: number }) => sum + second.clicks,
    0,
  )
  expect(clicks).toBeGreaterThan(200)
  expect(readdirSync(join(reports, folders()[0]!)).sort()).toEqual([
    'record.ndjson',
    'report.html',
    'report.md',
    'result.json',
  ])
  await gone(whole.pid)
}, 120_000)

test('interrupted in the surge: exit 130, everything down, and the partial record can be read', async () => {
  const stopped = command(['run', scenario], { reports })
  await stopped.shows("the surge on today's shop")
  stopped.child.kill('SIGINT')
  // npm passes on what the whole process group got already.
  setTimeout(() => stopped.child.kill('SIGINT'), 50)
  const { code, stderr } = await stopped.ended
  expect(code, stderr).toBe(130)
  expect(stderr).toContain('error: interrupted')
  await gone(stopped.pid)
  const { code: read, stdout } = await command(['report', 'latest'], { reports }).ended
  expect(read).toBe(0)
  expect(stdout).toContain('PARTIAL')
}, 120_000)

test('a shop server killed in the surge: exit 4, which one and how, everything down', async () => {
  const hit = command(['run', scenario], { reports })
  await hit.shows("the surge on today's shop")
  const [server] = processesOf(hit.pid, /app|server/)
  process.kill(server!, 'SIGKILL')
  const { code, stderr } = await hit.ended
  expect(code, stderr).toBe(4)
  expect(stderr).toContain('died')
  await gone(hit.pid)
}, 120_000)
