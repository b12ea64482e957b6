import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startClock } from '../../clock.ts'
import { countAtMost, fromPairs, quantileUs, toPairs } from '../../core/measure/histogram.ts'
import type { LoadPlan } from '../../core/plan.ts'
import type { OrderLine, SendLagLine, SeriesLine, UnknownOrderLine } from '../../core/record.ts'
import type { Engine } from '../../ports.ts'
import { loadScenario } from '../../scenario-file.ts'
import { openLoopEngine } from './index.ts'
import type { Slot } from './tally.ts'
import { enginePlans } from './testing/engine-plans.ts'
import { countOf } from './testing/stub-drive.ts'

const SCENARIO = `
import { defineScenario, journey, range, surge } from 'doorbuster'
const thinkTime = '50ms..150ms'
export default defineScenario({
  name: 'test', question: 'Does the engine send what it should?',
  traffic: surge.constant({ normal: '40/s', lasts: '60s' }),
  data: { product: range(1, 50) },
  shoppers: [
    journey('one page', { weight: 1, thinkTime }, async (shopper) => {
      await shopper.get('/products/:id', { id: shopper.zipf('product') })
    }),
    journey('buyer', { weight: 1, thinkTime }, async (shopper) => {
      await shopper.get('/')
      const order = await shopper.post('/checkout', { json: { email: 'a@example.com' }, key: shopper.uuid() })
      shopper.ordered({ id: order.json.id, value: 3, currency: 'EUR' })
    }),
    journey('bomb', { weight: 1, thinkTime }, async () => {
      setTimeout(() => { throw new Error('boom in a timer') })
      await new Promise(() => {})
    }),
    journey('loose', { weight: 1, thinkTime }, async (shopper) => {
      Promise.reject(new Error('a loose end'))
      await shopper.get('/')
    }),
    journey('thrower', { weight: 1, thinkTime }, async (shopper) => {
      await shopper.get('/')
      throw new Error('boom behind a page')
    }),
  ],
  slo: { all: { p95: '< 300ms' } },
  seed: 1,
})
`

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-engine-test-'))
const scenarioPath = join(folder, 'scenario.mts')
writeFileSync(scenarioPath, SCENARIO)
const scenarioHash = createHash('sha256').update(SCENARIO).digest('hex')
const servers: Server[] = []
const clock = startClock()

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

let orders = 0
const shop: RequestListener = (request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.method === 'POST' ? { id: ++orders } : {}))
  })
}

const planOf = enginePlans(() => ({ scenarioPath, scenarioHash }), {
  kind: 'uniform',
  minMs: 50,
  maxMs: 150,
})

/** Starts a drive and gathers what it says. */
function drive(engine: Engine, plan: LoadPlan, url: string, signal = new AbortController().signal) {
  const slots: Slot[] = []
  const sendLags: Omit<SendLagLine, 'kind' | 'segment'>[] = []
  const series: Omit<SeriesLine, 'kind'>[] = []
  const acknowledged: Omit<OrderLine, 'kind' | 'segment'>[] = []
  const unknownOrders: Omit<UnknownOrderLine, 'kind' | 'segment'>[] = []
  let began: (startUs: number) => void = () => {}
  const started = new Promise<number>((resolve) => {
    began = resolve
  })
  const end = engine.drive(
    plan,
    url,
    {
      slot: (slot) => slots.push(slot),
      sendLag: (lag) => sendLags.push(lag),
      series: (line) => series.push(line),
      order: (order) => acknowledged.push(order),
      unknownOrder: (unknown) => unknownOrders.push(unknown),
    },
    began,
    signal,
  )
  end.catch(() => {})
  return { slots, sendLags, series, acknowledged, unknownOrders, started, end }
}

/** Waits until so much of a drive has passed on the engine's own clock. */
async function untilSec(started: Promise<number>, sec: number): Promise<void> {
  const dueUs = (await started) + sec * 1e6
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, (dueUs - clock.nowUs()) / 1000)))
}

describe('the open-loop engine', () => {
  const engine = openLoopEngine()
  let pid = 0
  beforeAll(async () => {
    pid = (await engine.open(scenarioPath, 'run-1', clock)).pid
  })
  afterAll(() => engine.close())

  it('drives a plan from a process of its own and says who it is in every request', async () => {
    const seen: IncomingMessage['headers'][] = []
    const url = await serve((request, response) => {
      seen.push(request.headers)
      shop(request, response)
    })
    const driving = drive(engine, planOf('buyer', 20, 2), url)
    const { slots, sendLags, series, acknowledged, unknownOrders, started } = driving
    const end = await driving.end
    expect(pid).not.toBe(process.pid)
    expect(seen).toHaveLength(end.attemptsSent)
    expect(new Set(seen.map((headers) => headers['x-doorbuster-run']))).toEqual(new Set(['run-1']))
    expect(seen[0]).toMatchObject({
      accept: 'application/json',
      'user-agent': expect.stringMatching(/^doorbuster\/\d/),
    })
    expect(countOf(slots, { of: 'click', outcome: 'ok' })).toBe(end.clicksIntended)
    expect(end.sessionsStarted).toBe(end.sessionsIntended)
    expect(acknowledged).toHaveLength(countOf(slots, { of: 'click', route: 'POST /checkout' }))
    expect(unknownOrders).toEqual([])
    expect(acknowledged[0]!.atUs).toBeGreaterThan(await started)
    expect(end.cpuCores).toBeGreaterThan(0)
    const lags = fromPairs(...sendLags.map(({ lagUs }) => lagUs))
    expect(toPairs(lags)).toEqual(toPairs(fromPairs(end.sendLagUs)))
    expect(series[0]).toMatchObject({ probe: 'generator', role: 'generator', component: 'engine' })
    expect(series.reduce((sum, { values }) => sum + values['intended']!, 0)).toBeGreaterThan(0)
  })

  it('shows a shop that froze for 1.5 s in the response times of everyone who came meanwhile', async () => {
    const url = await serve(shop)
    const { slots, started, end: ending } = drive(engine, planOf('one page', 60, 4), url)
    await untilSec(started, 1)
    // This process is the shop: it stands still, the engine does not.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)
    const end = await ending
    const timesUs = fromPairs(...slots.filter(({ of }) => of === 'click').map((slot) => slot.timesUs))
    expect(countOf(slots, { of: 'click', outcome: 'ok' })).toBe(end.clicksIntended)
    expect(quantileUs(timesUs, 1)).toBeGreaterThan(1_350_000)
    // Those of the first 0.75 s of the freeze waited longer than the rest of it: 45 expected, 6.7 the deviation.
    const slow = slots
      .filter(({ of }) => of === 'click')
      .reduce((sum, slot) => sum + slot.n - countAtMost(slot.timesUs, 740_000), 0)
    expect(slow).toBeGreaterThan(18)
  })

  it('loses nothing when it is frozen itself: it sends late, and the send lag shows it', async () => {
    const url = await serve(shop)
    const { slots, started, end: ending } = drive(engine, planOf('one page', 60, 4), url)
    await untilSec(started, 1)
    process.kill(pid, 'SIGSTOP')
    await untilSec(started, 3)
    process.kill(pid, 'SIGCONT')
    const end = await ending
    expect(end.sessionsStarted).toBe(end.sessionsIntended)
    expect(end.sessionsIntended).toBe(end.arrivalsPlanned.reduce((a, b) => a + b, 0))
    expect(countOf(slots, { of: 'click', outcome: 'ok' })).toBe(end.clicksIntended)
    expect(quantileUs(fromPairs(end.sendLagUs), 1)).toBeGreaterThan(1_700_000)
    // Nothing was sent while it stood still, so that the rest went out in one burst.
    expect(Math.max(...end.arrivalsActual)).toBeGreaterThan(40)
  })

  it('counts a dead port as refused, with every reload', async () => {
    const url = await serve(shop)
    const [server] = servers.splice(0)
    await new Promise((resolve) => server!.close(resolve))
    const { slots, end: ending } = drive(engine, planOf('one page', 20, 1), url)
    const end = await ending
    expect(end.clicksIntended).toBeGreaterThan(0)
    expect(countOf(slots, { of: 'click', outcome: 'refused' })).toBe(end.clicksIntended)
    expect(countOf(slots, { of: 'attempt', outcome: 'refused' })).toBe(2 * end.clicksIntended)
  })

  it('stops within a second when it is told to', async () => {
    let requests = 0
    const url = await serve((request, response) => {
      requests++
      shop(request, response)
    })
    const control = new AbortController()
    const { slots, started, end } = drive(engine, planOf('one page', 100, 30), url, control.signal)
    await untilSec(started, 0.5)
    control.abort()
    await expect(end).rejects.toMatchObject({ code: 'interrupted', exitCode: 130 })
    const before = requests
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(requests).toBe(before)
    expect(countOf(slots, { of: 'click' })).toBeGreaterThan(0)
  })

  it('refuses to load another machine', async () => {
    const { end } = drive(engine, planOf('one page', 10, 1), 'http://192.0.2.1:81')
    await expect(end).rejects.toMatchObject({
      code: 'refused-target',
      hint: expect.stringContaining('--i-own-this-target 192.0.2.1'),
    })
  })

  it('refuses a plan that was made from another text of the scenario', async () => {
    const { end } = drive(engine, planOf('one page', 10, 1, { scenarioHash: 'other' }), 'http://127.0.0.1:81')
    await expect(end).rejects.toMatchObject({ code: 'invalid-scenario' })
  })

  it('is gone when it is closed', async () => {
    await engine.close()
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})

describe('a scenario with a data file', () => {
  // Nothing imported: both the engine and this test load it.
  const fedPath = join(folder, 'fed.mjs')
  const users = (count: number) => `email\n${Array.from({ length: count }, (_, i) => `u${i}@x\n`).join('')}`
  writeFileSync(
    fedPath,
    `export default {
      name: 'fed', question: 'Who is who?',
      traffic: { kind: 'constant', normal: '40/s', peak: '1x', lasts: '60s' },
      data: { user: { kind: 'csv', file: 'users.csv' } },
      shoppers: [{ name: 'sign in', weight: 1, thinkTime: '1s', steps: async (shopper) => {
        await shopper.post('/sign-in', { json: shopper.unique('user') })
      } }],
      slo: { all: { p95: '< 300ms' } },
    }`,
  )

  it('gives each shopper a row of their own, over all drives, and is refused once the file has changed', async () => {
    writeFileSync(join(folder, 'users.csv'), users(500))
    const { hash } = await loadScenario(fedPath)
    const fed = { scenarioPath: fedPath, scenarioHash: hash }
    const engine = openLoopEngine()
    await engine.open(fedPath, 'run-5', clock)
    const seen: string[] = []
    const url = await serve((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        seen.push(JSON.parse(body).email)
      })
      shop(request, response)
    })
    const control = new AbortController()
    const first = drive(engine, planOf('sign in', 50, 20, fed), url, control.signal)
    await untilSec(first.started, 0.5)
    control.abort()
    await expect(first.end).rejects.toMatchObject({ code: 'interrupted' })
    const before = seen.length
    // Some 1000 shoppers were to come: 500 rows were promised to the first of them, though most never came.
    await expect(drive(engine, planOf('sign in', 50, 1, fed), url).end).rejects.toMatchObject({
      code: 'invalid-scenario',
      message: expect.stringContaining('"user" has run out: each of its 500 entries'),
    })
    expect(before).toBeGreaterThan(5)
    expect(new Set(seen).size).toBe(seen.length)
    await engine.close()

    writeFileSync(join(folder, 'users.csv'), users(501))
    await engine.open(fedPath, 'run-6', clock)
    await expect(drive(engine, planOf('sign in', 10, 1, fed), url).end).rejects.toMatchObject({
      code: 'invalid-scenario',
      message: expect.stringContaining('not the file the plan was made from'),
    })
    await engine.close()
  })
})

describe('an engine that dies', () => {
  it('is reported as such to whoever waits for it', async () => {
    const engine = openLoopEngine()
    const { pid } = await engine.open(scenarioPath, 'run-2', clock)
    const url = await serve(shop)
    const { started, end } = drive(engine, planOf('one page', 10, 20), url)
    await started
    process.kill(pid, 'SIGKILL')
    await expect(end).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringContaining('SIGKILL'),
    })
    await expect(drive(engine, planOf('one page', 10, 20), url).end).rejects.toMatchObject({
      code: 'environment',
    })
    await engine.close()
  })

  it('of an error of its own is a bug, with its last words', async () => {
    const engine = openLoopEngine()
    await engine.open(scenarioPath, 'run-3', clock)
    const { end } = drive(engine, planOf('bomb', 10, 20), await serve(shop))
    await expect(end).rejects.toMatchObject({
      code: 'invalid-scenario',
      message: expect.stringContaining('boom in a timer'),
    })
    await engine.close()
  })

  it.each([
    ['loose', 'a loose end'],
    ['thrower', 'threw for each of its first 20 shoppers: boom behind a page'],
  ])('names a mistake of the scenario: %s', async (name, says) => {
    const engine = openLoopEngine()
    await engine.open(scenarioPath, `run-${name}`, clock)
    const { end } = drive(engine, planOf(name, 40, 20), await serve(shop))
    await expect(end).rejects.toMatchObject({
      code: 'invalid-scenario',
      message: expect.stringContaining(says),
    })
    await engine.close()
  })

  it('ends a drive whose record cannot be written, with that error', async () => {
    const engine = openLoopEngine()
    await engine.open(scenarioPath, 'run-full', clock)
    const full = new Error('no room')
    const sink = {
      slot: () => {
        throw full
      },
      sendLag: () => {},
      series: () => {},
      order: () => {},
      unknownOrder: () => {},
    }
    const url = await serve(shop)
    const end = engine.drive(planOf('one page', 20, 30), url, sink, () => {}, new AbortController().signal)
    await expect(end).rejects.toBe(full)
    await engine.close()
  })

  it('does not open on a scenario that is not there', async () => {
    const engine = openLoopEngine()
    await expect(engine.open(join(folder, 'none.mts'), 'run-4', clock)).rejects.toMatchObject({
      code: 'invalid-scenario',
    })
    await engine.close()
  })
})
