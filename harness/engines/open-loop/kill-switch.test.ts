import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startClock } from '../../clock.ts'
import type { LoadPlan } from '../../core/plan.ts'
import type { Engine } from '../../ports.ts'
import { type OpenLoopOptions, openLoopEngine } from './index.ts'
import type { Slot } from './tally.ts'
import { enginePlans } from './testing/engine-plans.ts'
import { countOf } from './testing/stub-drive.ts'

const scenarioText = (extra: string) => `
import { defineScenario, journey, surge } from 'doorbuster'
export default defineScenario({
  name: 'test', question: 'Does the load stop?',
  traffic: surge.constant({ normal: '40/s', lasts: '60s' }),
  shoppers: [
    journey('reader', { weight: 1, thinkTime: '0.1s' }, async (shopper) => {
      await shopper.get('/')
      await shopper.get('/more')
    }),
    journey('buyer', { weight: 1, thinkTime: '0.1s' }, async (shopper) => {
      await shopper.get('/')
      await shopper.post('/checkout', { json: { a: 1 }, key: shopper.uuid() })
    }),
  ],
  slo: { all: { p95: '< 300ms' } },
  ${extra}
})
`

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-kill-switch-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

function scenarioFile(name: string, extra = '') {
  const text = scenarioText(extra)
  const path = join(folder, name)
  writeFileSync(path, text)
  return { path, hash: createHash('sha256').update(text).digest('hex') }
}
const PLAIN = scenarioFile('plain.mts')
const STUBBED = scenarioFile('stubbed.mts', 'sideEffectsStubbed: true,')

const servers: Server[] = []
const engines: Engine[] = []
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const engine of engines.splice(0)) await engine.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

type Seen = { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders }

/** A shop that notes every request it sees; the latest by this process' own clock. */
async function shop(answer: (seen: Seen, count: number) => { status: number; location?: string } | null) {
  const seen: Seen[] = []
  const log = { url: '', seen, latestMs: 0, connections: 0, open: 0 }
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    const one = { method, url, headers }
    seen.push(one)
    log.latestMs = performance.now()
    const { status, location } = answer(one, seen.length) ?? { status: 0 }
    if (status === 0) return
    request.resume()
    response
      .writeHead(status, { 'content-type': 'application/json', ...(location && { location }) })
      .end('{}')
  })
  server.on('connection', (socket) => {
    log.connections++
    log.open++
    socket.on('close', () => log.open--)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  log.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return log
}
const OK = () => ({ status: 200 })

const planOf = enginePlans(() => ({ scenarioPath: PLAIN.path, scenarioHash: PLAIN.hash }), {
  kind: 'fixed',
  ms: 100,
})

async function opened(path: string, options?: OpenLoopOptions): Promise<Engine> {
  const engine = openLoopEngine(options)
  engines.push(engine)
  await engine.open(path, 'run-7', startClock())
  return engine
}

/** Starts a drive; `begun` resolves once the shop was asked something in the measured part. */
function drive(
  engine: Engine,
  plan: LoadPlan,
  url: string,
  { stop, enough }: { stop?: AbortSignal; enough?: AbortSignal } = {},
) {
  const slots: Slot[] = []
  const sink = {
    slot: (slot: Slot) => slots.push(slot),
    sendLag: () => {},
    series: () => {},
    order: () => {},
    unknownOrder: () => {},
  }
  const end = engine.drive(plan, url, sink, () => {}, stop ?? new AbortController().signal, enough)
  end.catch(() => {})
  return { slots, end }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** How long after `fromMs` the last request came, when none comes for a second and a half. */
async function lastCameAfterMs(log: { latestMs: number }, fromMs: number): Promise<number> {
  do await sleep(100)
  while (performance.now() - Math.max(log.latestMs, fromMs) < 1500)
  return log.latestMs - fromMs
}

describe('load stops within a second', () => {
  it('when the engine is stopped', async () => {
    const log = await shop(OK)
    const engine = await opened(PLAIN.path)
    const control = new AbortController()
    const { end } = drive(engine, planOf('reader', 80, 30), log.url, { stop: control.signal })
    await until(() => log.seen.length > 40)
    const stoppedMs = performance.now()
    control.abort()
    await expect(end).rejects.toMatchObject({ code: 'interrupted' })
    expect(await lastCameAfterMs(log, stoppedMs)).toBeLessThan(1000)
  })

  it('when it is stopped while a step fills up', async () => {
    const log = await shop(OK)
    const engine = await opened(STUBBED.path)
    const control = new AbortController()
    const plan = planOf('buyer', 100, 30, {
      fillSec: 20,
      scenarioHash: STUBBED.hash,
      journeys: [{ name: 'buyer', weight: 1, thinkTime: { kind: 'fixed', ms: 8000 } }],
    })
    const { end } = drive(engine, plan, log.url, { stop: control.signal })
    await until(() => log.seen.length > 5)
    const stoppedMs = performance.now()
    control.abort()
    await expect(end).rejects.toMatchObject({ code: 'interrupted' })
    expect(await lastCameAfterMs(log, stoppedMs)).toBeLessThan(1000)
  })

  it('when it is enough, and the engine drives on when it is asked to', async () => {
    const log = await shop(OK)
    const engine = await opened(PLAIN.path)
    const enough = new AbortController()
    const { slots, end: ending } = drive(engine, planOf('reader', 80, 30), log.url, {
      enough: enough.signal,
    })
    await until(() => log.seen.length > 100)
    const stoppedMs = performance.now()
    enough.abort()
    const end = await ending
    expect(await lastCameAfterMs(log, stoppedMs)).toBeLessThan(1000)
    expect(end.endedEarly).toBe('asked')
    expect(end.durationSec).toBeLessThan(30)
    expect(countOf(slots, { of: 'click' })).toBe(end.clicksIntended)
    const next = await drive(engine, planOf('reader', 20, 1), log.url).end
    expect(next).not.toHaveProperty('endedEarly')
    expect(next.sessionsStarted).toBe(next.sessionsIntended)
  })

  it.each(['SIGKILL', 'disconnect'] as const)('when the harness is gone (%s)', async (how) => {
    const log = await shop(OK)
    const script = join(folder, `harness-${how}.mts`)
    const own = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
    writeFileSync(
      script,
      `import { openLoopEngine } from ${own('./index.ts')}
       import { startClock } from ${own('../../clock.ts')}
       const engine = openLoopEngine()
       await engine.open(${JSON.stringify(PLAIN.path)}, 'run-8', startClock())
       process.on('message', () => process.exit(0))
       const sink = { slot() {}, series() {}, order() {} }
       const plan = ${JSON.stringify(planOf('reader', 80, 30))}
       await engine.drive(plan, ${JSON.stringify(log.url)}, sink, () => {}, new AbortController().signal)`,
    )
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const harness = fork(script, [], {
      execArgv: ['--import', tsx],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    children.push(harness)
    await until(() => log.seen.length > 40)
    const stoppedMs = performance.now()
    if (how === 'SIGKILL') harness.kill('SIGKILL')
    else harness.send('end')
    expect(await lastCameAfterMs(log, stoppedMs)).toBeLessThan(1000)
    // The engine is gone, and not only silent: nobody holds a connection any more.
    await until(() => log.open === 0)
  })
})

describe('side effects', () => {
  const buyer = (hash: string) => planOf('buyer', 20, 2, { scenarioHash: hash })

  it('stay away from a system that is not ours: no POST arrives, GETs do', async () => {
    const log = await shop(OK)
    const engine = await opened(PLAIN.path, { system: 'theirs' })
    await expect(drive(engine, buyer(PLAIN.hash), log.url).end).rejects.toMatchObject({
      code: 'refused-target',
      exitCode: 2,
      where: 'POST /checkout',
      hint: expect.stringContaining('sideEffectsStubbed: true'),
    })
    await sleep(300)
    expect(log.seen.length).toBeGreaterThan(0)
    expect(log.seen.map(({ method }) => method)).not.toContain('POST')
    // A journey that only reads is driven as ever.
    const end = await drive(engine, planOf('reader', 20, 1), log.url).end
    expect(end.clicksDone).toBe(end.clicksIntended)
  })

  it('no connection is opened for a journey that begins with a POST', async () => {
    const text = scenarioText('').replace(
      "await shopper.get('/')\n      await shopper.post",
      'await shopper.post',
    )
    const path = join(folder, 'post-first.mts')
    writeFileSync(path, text)
    const log = await shop(OK)
    const engine = await opened(path, { system: 'theirs' })
    const hash = createHash('sha256').update(text).digest('hex')
    await expect(drive(engine, buyer(hash), log.url).end).rejects.toMatchObject({ code: 'refused-target' })
    await sleep(300)
    expect([log.seen.length, log.connections]).toEqual([0, 0])
  })

  it('reach a system whose scenario says that they are stubbed, and one of our own', async () => {
    const log = await shop(OK)
    const theirs = await opened(STUBBED.path, { system: 'theirs' })
    await drive(theirs, buyer(STUBBED.hash), log.url).end
    expect(log.seen.filter(({ method }) => method === 'POST').length).toBeGreaterThan(10)
    const before = log.seen.length
    const ours = await opened(PLAIN.path)
    await drive(ours, buyer(PLAIN.hash), log.url).end
    expect(log.seen.slice(before).filter(({ method }) => method === 'POST').length).toBeGreaterThan(10)
  })
})

it.each(['own', 'undici'] as const)(
  'says who it is in every request: redirects, reloads and the fill (client: %s)',
  async (client) => {
    // The first page redirects, and every third request fails, so that shoppers reload.
    const log = await shop(({ url }, count) =>
      url === '/' ? { status: 302, location: '/home' } : { status: count % 3 === 0 ? 500 : 200 },
    )
    const engine = await opened(PLAIN.path)
    const http = {
      connections: 'shared',
      certificates: 'verified',
      redirects: 10,
      timeoutMs: { connect: null, headers: null, body: null },
      maxBodyBytes: 1e6,
      client,
    } as const
    const { end } = drive(engine, planOf('buyer', 40, 2, { fillSec: 5, http }), log.url)
    const { attemptsSent, clicksIntended } = await end
    expect(attemptsSent).toBeGreaterThan(clicksIntended)
    expect(log.seen.length).toBeGreaterThan(attemptsSent)
    expect(log.seen.map(({ url }) => url)).toContain('/home')
    for (const { headers } of log.seen) {
      expect(headers['x-doorbuster-run']).toBe('run-7')
      expect(headers['user-agent']).toMatch(/^doorbuster\/\d/)
    }
  },
)
