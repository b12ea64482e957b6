import { createServer, type Socket } from 'node:net'
import { STREAMS, sessionRandom } from '../../../core/traffic/random.ts'

/** Answer at once until told to begin; begin with empty logs; tell the logs. */
export type QueueRequest = 'warm-up' | 'begin' | 'log'

/**
 * A shop whose answer times are known: a first-come, first-served station with one or more servers and seeded service
 * times. It logs when each request came and what service it asked for; from these alone follows when it should leave. It
 * can also freeze: nothing is read or answered for a while, again and again.
 */
type Order = {
  readonly servers: number
  readonly serviceMs: number
  readonly kind: 'exponential' | 'fixed'
  readonly seed: number
  /** Times since the start at which it freezes, and for how long, ms. */
  readonly freezes: readonly { readonly atMs: number; readonly forMs: number }[]
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order
const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}',
)
/** Timers are whole milliseconds: what is left of one is waited for turn by turn of the event loop. */
const SPIN_US = 1500

const arrivedUs: number[] = []
const servicesUs: number[] = []
const leftUs: number[] = []
const freeUs = new Array<number>(order.servers).fill(0)
const nowUs = () => Number(process.hrtime.bigint() / 1000n)
type Waiting = { readonly i: number; readonly dueUs: number; readonly socket: Socket }
/** By when they leave. */
const waiting: Waiting[] = []
let timer: NodeJS.Timeout | undefined
let warmingUp = false
let spinning = false

function serviceUs(i: number): number {
  if (warmingUp) return 0
  const mean = order.serviceMs * 1000
  return order.kind === 'fixed' ? mean : sessionRandom(order.seed, i, STREAMS.choices).exponential() * mean
}

function arrive(socket: Socket): void {
  const i = arrivedUs.length
  const atUs = nowUs()
  arrivedUs.push(atUs)
  servicesUs.push(serviceUs(i))
  let earliest = 0
  for (let server = 1; server < freeUs.length; server++)
    if (freeUs[server]! < freeUs[earliest]!) earliest = server
  const dueUs = Math.max(atUs, freeUs[earliest]!) + servicesUs[i]!
  freeUs[earliest] = dueUs
  let place = waiting.length
  while (place > 0 && waiting[place - 1]!.dueUs > dueUs) place--
  waiting.splice(place, 0, { i, dueUs, socket })
  // It may be the next to leave, before whoever the timer waits for.
  if (place === 0 && !spinning) turn()
}

function turn(): void {
  const now = nowUs()
  for (let first = waiting[0]; first && first.dueUs <= now; first = waiting[0]) {
    waiting.shift()
    leftUs[first.i] = now
    first.socket.write(ANSWER)
  }
  clearTimeout(timer)
  spinning = false
  const next = waiting[0]
  if (!next) return
  const idleMs = Math.floor((next.dueUs - now - SPIN_US) / 1000)
  if (idleMs >= 1) timer = setTimeout(turn, idleMs)
  else {
    spinning = true
    setImmediate(turn)
  }
}

const server = createServer((socket) => {
  let rest = ''
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    rest += bytes.toString('latin1')
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      rest = rest.slice(end + 4)
      arrive(socket)
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port })
})

const frozenUs: (readonly [fromUs: number, toUs: number])[] = []
process.on('message', (asked: QueueRequest) => {
  warmingUp = asked === 'warm-up'
  if (asked === 'log') process.send?.({ arrivedUs, servicesUs, leftUs, frozenUs })
  // What came while it warmed up took no time, so nobody of it is left to wait for.
  else for (const log of [arrivedUs, servicesUs, leftUs]) log.length = 0
})
const cell = new Int32Array(new SharedArrayBuffer(4))
for (const { atMs, forMs } of order.freezes) {
  setTimeout(() => {
    const fromUs = nowUs()
    Atomics.wait(cell, 0, 0, forMs)
    frozenUs.push([fromUs, nowUs()])
  }, atMs)
}
process.on('disconnect', () => process.exit(0))
