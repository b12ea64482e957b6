import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startClock } from '../../clock.ts'
import { fromPairs, quantileUs } from '../../core/measure/histogram.ts'
import type { LoadPlan } from '../../core/plan.ts'
import type { EngineEnd, Outcome } from '../../core/record.ts'
import type { Shopper } from '../../core/scenario.ts'
import { targetGuard } from '../target-guard.ts'
import { drivePlan } from './drive-plan.ts'
import { http1Transport } from './http1/http1-transport.ts'
import { Samples } from './samples.ts'
import { selfMeter } from './self-meter.ts'
import { ShopperNumbers } from './shopper-numbers.ts'
import type { Slot } from './tally.ts'
import { countOf, planOf, scenarioOf } from './testing/stub-drive.ts'
import { timerScheduler } from './timer-scheduler.ts'

/** What a server does with its n-th request (from 0, over all connections). */
type Behaviour = (socket: Socket, n: number) => void

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}'
const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = []
afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

async function serve(behave: Behaviour, { waitsForBody = true } = {}) {
  const sockets = new Set<Socket>()
  let n = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const length = waitsForBody ? Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0) : 0
        if (text.length < end + 4 + length) return
        text = waitsForBody ? text.slice(end + 4 + length) : ''
        behave(socket, n++)
      }
    })
  })
  servers.push({ server, sockets })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, requests: () => n, sockets, server }
}

const bare = scenarioOf(
  [{ name: 'bare', weight: 1, steps: (shopper) => shopper.get('/').then(() => {}) }],
  [0, 0],
)

/** Where nobody is to give up, however busy the machine is. */
const PATIENT = { patience: { timeoutMs: 30_000, reloads: 0 }, graceMs: 30_000 } as const

type Driven = { readonly end: EngineEnd; readonly slots: readonly Slot[] }

async function drive(url: string, change: Partial<LoadPlan> = {}, scenario = bare): Promise<Driven> {
  const scheduler = timerScheduler(startClock())
  const slots: Slot[] = []
  const meter = selfMeter()
  const plan = planOf(scenario, 100, 2, {
    patience: { timeoutMs: 400, reloads: 0 },
    graceMs: 1500,
    ...change,
  })
  try {
    const end = await drivePlan({
      plan,
      scenario,
      origin: url,
      keySeed: 1,
      numbers: new ShopperNumbers(),
      scheduler,
      samples: new Samples(),
      meter,
      openTransport: (refused) => http1Transport(url, targetGuard([]), scheduler, refused),
      started: () => {},
      batch: (batch) => slots.push(...batch.slots),
      signal: new AbortController().signal,
    })
    return { end, slots }
  } finally {
    meter.close()
  }
}

const clicks = ({ slots }: Driven, outcome?: Outcome) =>
  countOf(slots, outcome === undefined ? { of: 'click' } : { of: 'click', outcome })
const quantileMs = ({ slots }: Driven, outcome: Outcome, q: number) => {
  const pairs = slots
    .filter((slot) => slot.of === 'click' && slot.outcome === outcome)
    .map((slot) => slot.timesUs)
  return (quantileUs(fromPairs(...pairs), q) ?? Number.NaN) / 1000
}
/** Whatever the server does, every click that was intended has one end. */
function nothingLost(driven: Driven): void {
  expect(clicks(driven)).toBe(driven.end.clicksIntended)
  expect(driven.end.clicksDone).toBe(driven.end.clicksIntended)
}

describe('counts and times are right against', () => {
  it('a server that is killed in the middle: what was under way was reset, what came later refused', async () => {
    const { url, sockets, server } = await serve((socket) => setTimeout(() => socket.write(ANSWER), 30))
    const driving = drive(url, PATIENT)
    setTimeout(() => {
      server.close()
      for (const socket of sockets) socket.resetAndDestroy()
    }, 1000)
    const driven = await driving
    nothingLost(driven)
    expect(clicks(driven, 'ok')).toBeGreaterThan(50)
    expect(clicks(driven, 'refused')).toBeGreaterThan(50)
    const [ok, reset, refused] = [clicks(driven, 'ok'), clicks(driven, 'reset'), clicks(driven, 'refused')]
    expect(ok + reset + refused).toBe(driven.end.clicksIntended)
    expect(quantileMs(driven, 'ok', 0.01)).toBeGreaterThanOrEqual(29)
    expect(quantileMs(driven, 'refused', 0.5)).toBeLessThan(1000)
  })

  it('a server that swallows one request in fifty: those were given up, after patience', async () => {
    const { url, requests } = await serve((socket, n) => {
      if (n % 50 !== 49) socket.write(ANSWER)
    })
    const driven = await drive(url)
    nothingLost(driven)
    expect(requests()).toBe(driven.end.clicksIntended)
    const swallowed = Math.floor(requests() / 50)
    expect(clicks(driven, 'given-up')).toBe(swallowed)
    expect(clicks(driven, 'ok')).toBe(requests() - swallowed)
    expect(driven.end.timeouts).toEqual({ connect: 0, headers: swallowed, body: 0 })
    expect(quantileMs(driven, 'given-up', 0.01)).toBeGreaterThanOrEqual(399)
    expect(countOf(driven.slots, { of: 'attempt', outcome: 'timeout' })).toBe(swallowed)
  })

  it('a server that closes one keep-alive connection in twenty in the middle of its answer', async () => {
    const { url, requests } = await serve((socket, n) => {
      if (n % 20 === 19) socket.end(ANSWER.slice(0, -5))
      else socket.write(ANSWER)
    })
    const driven = await drive(url)
    nothingLost(driven)
    expect(requests()).toBe(driven.end.clicksIntended)
    expect(clicks(driven, 'reset')).toBe(Math.floor(requests() / 20))
    expect(clicks(driven, 'ok') + clicks(driven, 'reset')).toBe(driven.end.clicksIntended)
  })

  it('a server that drips its answers: they take as long as the last drop', async () => {
    const { url } = await serve((socket) => {
      const drop = (at: number): void => {
        if (socket.destroyed || at >= ANSWER.length) return
        socket.write(ANSWER.slice(at, at + 10))
        setTimeout(() => drop(at + 10), 20)
      }
      drop(0)
    })
    const drops = Math.ceil(ANSWER.length / 10)
    const driven = await drive(url, PATIENT)
    nothingLost(driven)
    expect(clicks(driven, 'ok')).toBe(driven.end.clicksIntended)
    // Each waits 20 ms at least for the next; timers of the server may round a fraction of a millisecond down.
    expect(quantileMs(driven, 'ok', 0.01)).toBeGreaterThanOrEqual((drops - 1) * 19.5)
    expect(quantileMs(driven, 'ok', 0.5)).toBeLessThan(2000)
  })

  it('a drip slower than patience: given up while the body came', async () => {
    const { url } = await serve((socket) => {
      socket.write(ANSWER.slice(0, -6))
    })
    const driven = await drive(url, {
      curve: [
        { atSec: 0, perSec: 50 },
        { atSec: 1, perSec: 50 },
      ],
    })
    nothingLost(driven)
    expect(clicks(driven, 'given-up')).toBe(driven.end.clicksIntended)
    expect(driven.end.timeouts).toEqual({ connect: 0, headers: 0, body: driven.end.clicksIntended })
  })

  it('a server that answers before the body was sent: one end each, and the rest of the body is no new request', async () => {
    const upload = async (shopper: Shopper): Promise<void> => {
      await shopper.post('/upload', { json: 'x'.repeat(3_000_000) })
    }
    const { url, requests } = await serve(
      (socket) => {
        socket.write('HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
        socket.removeAllListeners('data')
        socket.pause()
      },
      { waitsForBody: false },
    )
    const scenario = scenarioOf([{ name: 'upload', weight: 1, steps: upload }], [0, 0])
    const driven = await drive(
      url,
      {
        ...PATIENT,
        curve: [
          { atSec: 0, perSec: 20 },
          { atSec: 1, perSec: 20 },
        ],
      },
      scenario,
    )
    nothingLost(driven)
    expect(clicks(driven, 'wrong-status')).toBe(driven.end.clicksIntended)
    expect(requests()).toBe(driven.end.clicksIntended)
  })
})
