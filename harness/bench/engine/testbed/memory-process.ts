import type { Page, Scenario, Shopper } from '../../../core/scenario.ts'
import { sessionRandom } from '../../../core/traffic/random.ts'
import { drivePlan } from '../../../engines/open-loop/drive-plan.ts'
import { DueQueue } from '../../../engines/open-loop/due-queue.ts'
import { Samples } from '../../../engines/open-loop/samples.ts'
import type { Scheduler } from '../../../engines/open-loop/scheduler.ts'
import { ShopperNumbers } from '../../../engines/open-loop/shopper-numbers.ts'
import type { Line } from '../../../engines/open-loop/transport.ts'

/**
 * The engine's own code in virtual time, on a shop that answers after an exponential time. It drives as many requests as
 * it is told over as many seconds, tells its parent what the engine's process tells the harness, and how much memory it
 * took at most.
 */
const [requests = 1e6, seconds = 360] = process.argv.slice(2).map(Number)
const ROUTES = 20
const CLICKS = 4
const MEAN_RESPONSE_US = 80_000

const queue = new DueQueue()
let nowUs = 0
const at = (dueUs: number, action: () => void) => {
  const due = queue.add(dueUs, action)
  return () => {
    due.action = null
  }
}
const scheduler: Scheduler = {
  nowUs: () => nowUs,
  at,
  after: (delayUs, action) => at(nowUs + delayUs, action),
  afterPolling: (action) => void at(nowUs, action),
}

const random = sessionRandom(5, 0)
const page: Page = { status: 200, text: '', json: {} }
const line: Line = {
  send: (_, answered) => {
    const cancel = at(nowUs + random.exponential() * MEAN_RESPONSE_US, () =>
      answered({ outcome: 'ok', page, setCookies: [], location: null, timedOutIn: null, lookAgainSec: null }),
    )
    return { phase: 'headers', cancel }
  },
  hangUp: () => {},
}

const thinkTime = { kind: 'uniform', minMs: 300, maxMs: 2000 } as const
const journeys = Array.from({ length: ROUTES / CLICKS }, (_, j) => ({
  name: `journey ${j}`,
  weight: 1,
  thinkTime,
  steps: async (shopper: Shopper) => {
    for (let click = 0; click < CLICKS; click++)
      await shopper.get(`/routes/${j * CLICKS + click}/:id`, { id: 1 })
  },
}))
const scenario = { shoppers: journeys, data: {} } as unknown as Scenario
const perSec = requests / seconds / CLICKS
/** Batches that the parent has not taken yet: virtual time must not run away from it. */
let untaken = 0
const ended = drivePlan({
  plan: {
    purpose: 'surge',
    seed: 1,
    curve: [
      { atSec: 0, perSec },
      { atSec: seconds, perSec },
    ],
    arrivals: { kind: 'poisson' },
    scenarioPath: '',
    scenarioHash: '',
    journeys: journeys.map(({ name, weight }) => ({ name, weight, thinkTime })),
    patience: { timeoutMs: 3000, reloads: 1 },
    fillSec: 0,
    partition: { index: 0, of: 1 },
    limits: { maxInFlight: 50_000, maxPerSec: 100_000, maxDurationSec: 7200 },
    ending: 'finish',
    graceMs: 30_000,
  },
  scenario,
  origin: 'http://shop.test',
  keySeed: 1,
  numbers: new ShopperNumbers(),
  scheduler,
  samples: new Samples(),
  meter: { cpuUs: () => 0, takeLoopDelayP99Ms: () => 0, close: () => {} },
  openTransport: () => ({ line: () => line, rest: () => {}, close: async () => {} }),
  started: () => {},
  batch: (batch) => {
    untaken++
    process.send?.({ batch }, () => {
      untaken--
    })
  },
  signal: new AbortController().signal,
})

let over = false
let rssMb = 0
void ended.then(() => {
  over = true
})
const advance = (): void => {
  // Many actions a turn, each after the promises of the one before: a turn of the event loop for each would take hours.
  void (async () => {
    for (let n = 0; n < 5000 && !over && untaken < 20; n++) {
      const due = queue.first()
      if (!due) break
      queue.take()
      nowUs = Math.max(nowUs, due.dueUs)
      due.action?.()
      for (let ticks = 0; ticks < 4; ticks++) await null
    }
    rssMb = Math.max(rssMb, process.memoryUsage.rss() / 2 ** 20)
    if (!over) setImmediate(advance)
    else {
      const { attemptsSent } = await ended
      process.send?.({ requests: attemptsSent, rssMb })
      process.disconnect()
    }
  })()
}
advance()
