import { describe, expect, it } from 'vitest'
import { conductor } from './conduct.ts'
import type { RecordLine } from './core/record.ts'
import { readRun } from './core/run-data.ts'
import { buildRun, recordLines } from './core/testing/build-run.ts'
import { type StubShop, scenarioOf, stubDrive } from './engines/open-loop/testing/stub-drive.ts'
import { switchArm, TIMING } from './experiment.ts'
import type { Engine, Running } from './ports.ts'
import type { RunFolder } from './store.ts'

const SCENARIO = scenarioOf([
  {
    name: 'member',
    weight: 1,
    steps: async (shopper) => {
      await shopper.get('/')
      await shopper.get('/account')
    },
  },
])
const TRAFFIC = { ...SCENARIO.traffic, normalPerSec: 20, peakPerSec: 60 }

/** Moves to today's topology before an app that answers so at that many shoppers/s; how many segments that took. */
async function settled(shopAt: (perSec: number) => StubShop) {
  const lines: RecordLine[] = recordLines(buildRun({ segments: [], end: null }))
  const drive: Engine['drive'] = async (plan, _, sink, started) => {
    const { end } = await stubDrive(SCENARIO, plan, shopAt(plan.curve[0]!.perSec), undefined, {
      started,
      batch: ({ slots }) => {
        for (const slot of slots) sink.slot(slot)
      },
    })
    return end
  }
  const running = {
    url: 'http://shop.test',
    topology: null,
    isolation: { means: 'none', bindsWithin: null, periodMs: null },
    onDeath: () => {},
    enforceBudgets: async () => {},
    isQuiet: async () => true,
    endpoints: { meter: async () => [] },
  } as unknown as Running
  const conducts = conductor({
    running,
    engine: { drive } as unknown as Engine,
    folder: { lines, write: (line: RecordLine) => lines.push(line) } as unknown as RunFolder,
    clock: { t0Ns: 0n, nowUs: () => 0 },
    abortWhen: [],
    invariants: [],
    interrupt: new AbortController().signal,
    onLive: () => {},
  })
  await switchArm(
    {
      conductor: conducts,
      today: {} as never,
      scenario: SCENARIO,
      file: { path: 'test.ts', hash: '' },
      traffic: TRAFFIC,
      timing: TIMING.quick,
    },
    [],
  )
  return readRun(lines)!.segments.length
}

const refused: StubShop = () => ({ afterMs: 5, outcome: 'wrong-status', status: 401 })

describe('an app that is wrong from the first request', () => {
  it('ends the run before the surge, which broke nothing: route, status and share', async () => {
    await expect(settled(() => refused)).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(/^GET \/ answered 401 without any load: 100 % of \d+ clicks failed/),
      where: 'GET /',
    })
  })

  it('also when it never answers, or sends everybody round in circles', async () => {
    await expect(settled(() => () => null)).rejects.toMatchObject({
      message: expect.stringContaining('GET / got no answer in time without any load'),
    })
    await expect(settled(() => () => ({ afterMs: 1, status: 302, location: '/' }))).rejects.toMatchObject({
      message: expect.stringContaining('GET / answered 302, a redirect that leads round in circles'),
    })
  })

  it('is not one of which a single page is wrong', async () => {
    const half: StubShop = (request, nowUs) =>
      request.path === '/account' ? refused(request, nowUs) : { afterMs: 5, json: {} }
    expect(await settled(() => half)).toBe(2)
  })

  it('is not one that fails at normal load and answers a few: that is a shortage, and an answer', async () => {
    const short = (perSec: number): StubShop => (perSec > 10 ? refused : () => ({ afterMs: 5, json: {} }))
    expect(await settled(short)).toBe(3)
  })
})
