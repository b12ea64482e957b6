import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectedArrivals } from '../core/traffic/curve.ts'
import { loadScenario } from '../scenario-file.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorbuster-replay-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function written(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

/** A module of plain data; every load is of another one, as modules are imported once only. */
let modules = 0
const scenarioWith = (traffic: object) =>
  written(
    `scenario-${++modules}.mjs`,
    `export default {
      name: 'replayed', question: 'Does it hold?', traffic: ${JSON.stringify({ kind: 'replay', ...traffic })},
      shoppers: [{ name: 'all', weight: 1, thinkTime: '1s', steps: async (shopper) => { await shopper.get('/') } }],
      slo: { all: { p50: '< 300ms' } } }`,
  )

const lines = (...sec: readonly number[]) => sec.map((one) => `${one}\n`).join('')

test('a file is found beside the scenario, and read anew with every load', async () => {
  await written('arrivals.csv', `time\n${lines(...Array.from({ length: 60 }, (_, i) => i / 4))}`)
  const path = await scenarioWith({ file: 'arrivals.csv' })
  const before = await loadScenario(path)
  expect(before.scenario.traffic).toMatchObject({ peakPerSec: 4, shape: { lastsSec: 15 } })
  expect((await loadScenario(path)).hash).toBe(before.hash)

  await written('arrivals.csv', lines(...Array.from({ length: 60 }, (_, i) => i / 2)))
  const after = await loadScenario(path)
  expect(after.scenario.traffic).toMatchObject({ peakPerSec: 2, shape: { lastsSec: 30 } })
  expect(after.hash).not.toBe(before.hash)
})

test.each([
  ['is not there', 'no.csv', /a file at .*no\.csv, got none/],
  ['is a folder', '.', /got a folder/],
  ['has wrong lines, each of which is told', 'wrong.csv', /line 2: "soon"[\s\S]*line 4: "later"/],
])('a file that %s is a problem like any other', async (_what, file, message) => {
  await written('wrong.csv', '1\nsoon\n9\nlater\n')
  await expect(loadScenario(await scenarioWith({ file }))).rejects.toMatchObject({
    code: 'invalid-scenario',
    message: expect.stringMatching(message),
  })
})

const NASA = fileURLToPath(new URL('../../../shared/data/nasa-1995-08-01.tsv', import.meta.url))
if (!existsSync(NASA)) console.warn(`skipped: ${NASA} is not on this machine`)

describe.skipIf(!existsSync(NASA))('a log of a day in 1995', () => {
  test('is replayed by its times alone, its busiest minutes and all of it in ten', async () => {
    const rows = readFileSync(NASA, 'utf8').trim().split('\n').slice(1)
    await written('nasa.csv', rows.map((row) => row.split('\t')[2]).join('\n'))
    const whole = await loadScenario(await scenarioWith({ file: 'nasa.csv', speed: '80x' }))
    const { traffic } = whole.scenario
    expect(traffic.label).toBe('replay ×80')
    expect(expectedArrivals(traffic.curve, 0, traffic.shape.lastsSec)).toBeCloseTo(30_969, 6)

    const hour = await loadScenario(await scenarioWith({ file: 'nasa.csv', from: '9h', lasts: '10min' }))
    expect(hour.scenario.traffic.peakPerSec).toBeLessThanOrEqual(17)
    expect(hour.scenario.quickTraffic.shape.lastsSec).toBe(300)
    // Twelve hours do not fit.
    await expect(loadScenario(await scenarioWith({ file: 'nasa.csv' }))).rejects.toMatchObject({
      message: expect.stringContaining('traffic.lasts'),
    })
  })
})
