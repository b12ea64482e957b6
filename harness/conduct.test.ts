import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { conductor } from './conduct.ts'
import { fromPairs, toPairs } from './core/measure/histogram.ts'
import { stepResult } from './core/measure/step.ts'
import { surgeResult } from './core/measure/surge.ts'
import { runValidity } from './core/measure/validity.ts'
import type { LoadPlan } from './core/plan.ts'
import type { RecordLine } from './core/record.ts'
import { readRun } from './core/run-data.ts'
import type { AbortRule } from './core/scenario.ts'
import { buildRun, recordLines } from './core/testing/build-run.ts'
import { planOf, type StubShop, scenarioOf, stubDrive } from './engines/open-loop/testing/stub-drive.ts'
import type { Clock, Engine, Running } from './ports.ts'
import { createRun, openRun, type RunFolder } from './store.ts'

const SHOP = scenarioOf([
  {
    name: 'browser',
    weight: 1,
    steps: async (shopper) => {
      await shopper.get('/')
      await shopper.get('/products/:id', { id: shopper.zipf('product') })
    },
  },
])
const RULES: readonly AbortRule[] = [{ route: 'all', overSec: 10, objective: { errorRatio: 0.5 } }]

/** The load engine itself, in virtual time and against a stub shop. */
function virtualEngine(shop: StubShop): Engine {
  return {
    open: async () => ({ pid: 1 }),
    drive: async (plan, _, sink, started, __, enough) => {
      const { end } = await stubDrive(SHOP, plan, shop, undefined, {
        started,
        batch: ({ slots, sendLags, series, orders, unknownOrders }) => {
          for (const slot of slots) sink.slot(slot)
          for (const lag of sendLags) sink.sendLag(lag)
          for (const reading of series) sink.series(reading)
          for (const order of orders) sink.order(order)
          for (const unknown of unknownOrders) sink.unknownOrder(unknown)
        },
        ...(enough && { enough }),
      })
      return end
    },
    close: async () => {},
  }
}

/** Drives one plan by these rules; the record so far is one of a run on today's topology. */
async function driven(plan: LoadPlan, shop: StubShop, abortWhen: readonly AbortRule[]) {
  const lines: RecordLine[] = recordLines(buildRun({ segments: [], end: null }))
  const sent = { n: 0, latestUs: 0 }
  const segment = await conductor({
    running: { url: 'http://shop.test', onDeath: () => {} } as unknown as Running,
    engine: virtualEngine((request, nowUs) => {
      sent.n++
      sent.latestUs = nowUs
      return shop(request, nowUs)
    }),
    folder: { lines, write: (line: RecordLine) => lines.push(line) } as unknown as RunFolder,
    clock: { t0Ns: 0n, nowUs: () => 0 } satisfies Clock,
    abortWhen,
    invariants: [],
    interrupt: new AbortController().signal,
    onLive: () => {},
  }).drive(plan)
  const run = readRun(lines)!
  return { segment, run, events: run.events.map(({ name, detail }) => `${name}: ${detail}`), sent }
}

const SURGE = planOf(SHOP, 30, 60, { purpose: 'surge', ending: 'finish' })
/** Answers until second 15, then nothing: clicks fail 6 s later, when patience and the reload are used up. */
const BREAKS: StubShop = (_, nowUs) => (nowUs < 15e6 ? { afterMs: 20, json: {} } : null)

describe('abortWhen', () => {
  it('ends a surge whose rule is broken: it did not hold, and is a sound measurement', async () => {
    const { segment, run, events, sent } = await driven(SURGE, BREAKS, RULES)
    const { aborted, abortedBy, engine } = segment.end!
    expect(aborted).toMatch(/^\d\d(\.\d)? % of all clicks failed > 50 % over 10 s \(abortWhen\)$/)
    expect(abortedBy).toBe('rule')
    expect(engine.endedEarly).toBe('asked')
    expect(engine.durationSec).toBeGreaterThan(20)
    expect(engine.durationSec).toBeLessThan(35)
    expect(sent.latestUs).toBeLessThanOrEqual(segment.line.startUs + engine.durationSec * 1e6)
    expect(events).toEqual([`segment-ended-early: segment 0: ${aborted}`])
    const surge = surgeResult(run, run.segments[0]!)
    expect(surge).toMatchObject({ held: false, valid: true })
    expect(surge.endedEarly).toContain(aborted)
    expect(runValidity(run).trusted).toBe(true)
  })

  it('ends a step too: it has failed', async () => {
    const { segment } = await driven(planOf(SHOP, 30, 60), BREAKS, RULES)
    const facts = { slo: { all: { p95Ms: 60_000 } }, machine: buildRun({ segments: [] }).header.machine }
    expect(stepResult(segment, { ...facts, topology: null })).toMatchObject({
      verdict: 'fail',
      because: expect.stringContaining('(abortWhen)'),
    })
  })

  it('changes nothing while no rule is broken, and nothing without rules', async () => {
    const shop: StubShop = (_, nowUs) => (nowUs < 58e6 ? { afterMs: 20, json: {} } : null)
    const watched = await driven(SURGE, shop, RULES)
    expect(watched.segment.end).toMatchObject({ aborted: null })
    expect(watched.segment.end).not.toHaveProperty('abortedBy')
    expect(watched.events).toEqual([])
    const free = await driven(SURGE, BREAKS, [])
    expect(free.segment.end).toMatchObject({ aborted: null })
    expect(free.segment.end!.engine.durationSec).toBe(60)
  })

  it('leaves warming up alone', async () => {
    const { segment } = await driven({ ...SURGE, purpose: 'warm-up' }, BREAKS, RULES)
    expect(segment.end).toMatchObject({ aborted: null })
  })
})

it('a segment that our own ceiling ended is void, also when a rule was broken', async () => {
  const limits = { ...SURGE.limits, maxRequests: 900 }
  const { run, segment, events, sent } = await driven({ ...SURGE, limits }, BREAKS, RULES)
  expect(sent.n).toBe(900)
  expect(segment.end).toMatchObject({ aborted: 'the ceiling of 900 requests', abortedBy: 'ceiling' })
  expect(events).toEqual(['segment-ended-early: segment 0: the ceiling of 900 requests'])
  expect(surgeResult(run, run.segments[0]!)).toMatchObject({
    valid: false,
    invalidBecause: expect.stringContaining('the ceiling of 900 requests'),
    endedEarly: null,
  })
})

it('what the engine says of its sends by second is in the segment, and in the record that is read again', async () => {
  const reports = mkdtempSync(join(tmpdir(), 'doorbuster-conduct-'))
  try {
    const folder = createRun({ reports, out: null, name: 'lags', now: new Date(0) })
    folder.write(buildRun({ segments: [] }).header)
    const segment = await conductor({
      running: { url: 'http://shop.test', onDeath: () => {} } as unknown as Running,
      engine: virtualEngine(() => ({ afterMs: 20, json: {} })),
      folder,
      clock: { t0Ns: 0n, nowUs: () => 9e6 },
      abortWhen: [],
      invariants: [],
      interrupt: new AbortController().signal,
      onLive: () => {},
    }).drive(planOf(SHOP, 20, 3))
    folder.close()
    expect([...new Set(segment.sendLags.map(({ sec }) => sec))].sort()).toEqual([0, 1, 2])
    const read = openRun(reports, folder.id).run.segments[0]!
    expect(read.sendLags).toEqual(segment.sendLags)
    expect(toPairs(fromPairs(...read.sendLags.map(({ lagUs }) => lagUs)))).toEqual(
      toPairs(fromPairs(read.end!.engine.sendLagUs)),
    )
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
})

it('invariants that hold at any moment are asked during surges, not during steps', async () => {
  const asked: string[] = []
  let open = 0
  const connect: Running['connect'] = async () => {
    open++
    return {
      query: async (sql) => {
        asked.push(sql)
        return [{ sku: 1 }]
      },
      close: async () => {
        open--
      },
    }
  }
  const virtual = virtualEngine(() => ({ afterMs: 20, json: {} }))
  const lines: RecordLine[] = recordLines(buildRun({ segments: [], end: null }))
  const conduct = conductor({
    running: { url: 'http://shop.test', onDeath: () => {}, connect } as unknown as Running,
    engine: {
      ...virtual,
      drive: async (...drive) => {
        await new Promise((resolve) => setTimeout(resolve, 2300))
        return virtual.drive(...drive)
      },
    },
    folder: { lines, write: (line: RecordLine) => lines.push(line) } as unknown as RunFolder,
    clock: { t0Ns: 0n, nowUs: () => 0 },
    abortWhen: [],
    invariants: [
      { name: 'no oversell', sql: 'select 1', expect: 'no rows', sampled: 'select 2' },
      { name: 'no order lost', sql: 'select 3', expect: 'no rows', sampled: null },
    ],
    interrupt: new AbortController().signal,
    onLive: () => {},
  })
  await conduct.drive(planOf(SHOP, 20, 3))
  expect(asked).toEqual([])
  await conduct.drive(SURGE)
  expect(new Set(asked)).toEqual(new Set(['begin read only', 'select 2', 'rollback']))
  expect(open).toBe(0)
  expect(conduct.data().invariantSamples[0]).toMatchObject({
    held: [],
    broken: [{ name: 'no oversell', detail: '1 rows, the first: {"sku":1}' }],
  })
})
