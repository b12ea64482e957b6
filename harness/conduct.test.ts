import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { conductor } from './conduct.ts'
import { fromPairs, toPairs } from './core/measure/histogram.ts'
import { buildRun } from './core/testing/build-run.ts'
import { planOf, scenarioOf, stubDrive } from './engines/open-loop/testing/stub-drive.ts'
import type { Engine, Running } from './ports.ts'
import { createRun, openRun } from './store.ts'

const reports = mkdtempSync(join(tmpdir(), 'doorbuster-conduct-'))
afterAll(() => rmSync(reports, { recursive: true, force: true }))

const SHOP = scenarioOf([{ name: 'home', weight: 1, steps: async (s) => void (await s.get('/')) }])

/** An engine that drives a stub shop in virtual time. */
const ENGINE: Engine = {
  open: async () => ({ pid: 1 }),
  drive: async (plan, _url, sink, started) => {
    const run = await stubDrive(SHOP, plan, () => ({ afterMs: 20 }))
    started(run.startUs)
    for (const slot of run.slots) sink.slot(slot)
    for (const lag of run.sendLags) sink.sendLag(lag)
    return run.end
  },
  close: async () => {},
}

test('what an engine says of its sends by second is in the segment, and in the record that is read again', async () => {
  const folder = createRun({ reports, out: null, name: 'lags', now: new Date(0) })
  folder.write(buildRun({ segments: [] }).header)
  const running: Pick<Running, 'url' | 'onDeath'> = { url: 'http://shop.test', onDeath: () => {} }
  const { drive } = conductor({
    running: running as Running,
    engine: ENGINE,
    folder,
    clock: { t0Ns: 0n, nowUs: () => 9e6 },
    interrupt: new AbortController().signal,
    onLive: () => {},
  })
  const segment = await drive(planOf(SHOP, 20, 3))
  folder.close()
  expect(segment.sendLags.map(({ sec }) => sec)).toEqual([0, 1, 2])
  const read = openRun(reports, folder.id).run.segments[0]!
  expect(read.sendLags).toEqual(segment.sendLags)
  expect(toPairs(fromPairs(...read.sendLags.map(({ lagUs }) => lagUs)))).toEqual(
    toPairs(fromPairs(read.end!.engine.sendLagUs)),
  )
})
