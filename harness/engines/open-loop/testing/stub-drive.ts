import { DEFAULT_HTTP, type LoadPlan } from '../../../core/plan.ts'
import type { EngineEnd, Outcome } from '../../../core/record.ts'
import type { Page, Scenario, Shopper } from '../../../core/scenario.ts'
import { type Batch, type DriveOrder, drivePlan } from '../drive-plan.ts'
import { Samples } from '../samples.ts'
import { ShopperNumbers } from '../shopper-numbers.ts'
import type { SendLag, Slot } from '../tally.ts'
import type { HttpRequest, Line, Transport } from '../transport.ts'
import { type VirtualTime, virtualTime } from './virtual-time.ts'

/** What the stub shop does with a request: after `afterMs` it answers so; `null`: never. */
export type StubAnswer = {
  readonly afterMs: number
  readonly outcome?: Outcome
  readonly status?: number
  readonly location?: string
  readonly json?: unknown
  readonly setCookies?: readonly string[]
  /** In the waiting room (outcome `queued`): when to look again, s. */
  readonly lookAgainSec?: number
} | null

export type StubShop = (request: HttpRequest, nowUs: number) => StubAnswer

/** A transport without sockets, in virtual time; each shopper has their own line. */
function stubTransport(time: VirtualTime, shop: StubShop): Transport {
  return { line: () => stubLine(time, shop), rest: () => {}, close: async () => {} }
}

function stubLine(time: VirtualTime, shop: StubShop): Line {
  let hungUp = false
  return {
    send: (request, answered) => {
      const answer = hungUp ? null : shop(request, time.nowUs())
      if (!answer) return { phase: 'headers', cancel: () => {} }
      const { afterMs, outcome = 'ok', status = 200, json, setCookies = [], location = null } = answer
      const { lookAgainSec = null } = answer
      const page: Page = { status, text: JSON.stringify(json) ?? '', json }
      const cancel = time.after(afterMs * 1000, () =>
        answered({ outcome, page, setCookies, location, timedOutIn: null, lookAgainSec }),
      )
      return { phase: 'headers', cancel }
    },
    hangUp: () => {
      hungUp = true
    },
  }
}

export type JourneyPart = {
  readonly name: string
  readonly weight: number
  readonly steps: (shopper: Shopper) => Promise<void>
}

export function scenarioOf(
  journeys: readonly JourneyPart[],
  thinkMs: readonly [number, number] = [300, 2000],
): Scenario {
  const shape = {
    kind: 'constant',
    normalPerSec: 1,
    peak: { kind: 'factor', factor: 1 },
    lastsSec: 1,
    arrivals: 'poisson',
  } as const
  const traffic = {
    label: 'test',
    shape,
    normalPerSec: 1,
    peakPerSec: 1,
    curve: [],
    arrivals: { kind: 'poisson' },
  } as const
  const thinkTime = { kind: 'uniform', minMs: thinkMs[0], maxMs: thinkMs[1] } as const
  return {
    name: 'test',
    question: '?',
    traffic,
    quickTraffic: traffic,
    data: { product: { count: 1000, at: (index) => 1 + index } },
    shoppers: journeys.map((journey) => ({ ...journey, peakWeight: journey.weight, thinkTime })),
    patience: { timeoutMs: 3000, reloads: 1 },
    http: DEFAULT_HTTP,
    slo: {},
    abortWhen: [],
    limits: { maxPerSec: 2000, maxInFlight: 4000, maxRequests: 1e7, maxDurationSec: 1800 },
    sideEffectsStubbed: false,
    keepHeadroom: 0,
    topology: {},
    invariants: [],
    faults: [],
    seed: 1,
  }
}

export function planOf(
  scenario: Scenario,
  perSec: number,
  durationSec: number,
  change: Partial<LoadPlan> = {},
): LoadPlan {
  return {
    purpose: 'step',
    seed: 1,
    curve: [
      { atSec: 0, perSec },
      { atSec: durationSec, perSec },
    ],
    arrivals: { kind: 'poisson' },
    scenarioPath: 'test.ts',
    scenarioHash: '',
    journeys: scenario.shoppers.map(({ name, weight, thinkTime }) => ({ name, weight, thinkTime })),
    patience: scenario.patience,
    fillSec: 0,
    partition: { index: 0, of: 1 },
    limits: { maxInFlight: 4000, maxPerSec: 2000, maxDurationSec: 600 },
    ending: 'cut',
    graceMs: 10_000,
    ...change,
  }
}

export type StubRun = {
  readonly end: EngineEnd
  readonly slots: readonly Slot[]
  readonly sendLags: readonly SendLag[]
  readonly orders: Batch['orders']
  readonly unknownOrders: Batch['unknownOrders']
  readonly series: Batch['series']
  readonly startUs: number
}

/** Drives a plan against a stub shop in virtual time. */
export async function stubDrive(
  scenario: Scenario,
  plan: LoadPlan,
  shop: StubShop,
  samples: Samples = new Samples(),
  change: Partial<DriveOrder> = {},
): Promise<StubRun> {
  const time = virtualTime()
  const batches: Batch[] = []
  let startUs = Number.NaN
  const end = await time.runUntil(
    drivePlan({
      plan,
      scenario,
      origin: 'http://shop.test',
      keySeed: 1,
      numbers: new ShopperNumbers(),
      scheduler: time,
      samples,
      meter: { cpuUs: () => 0, takeLoopDelayP99Ms: () => 0, close: () => {} },
      openTransport: () => stubTransport(time, shop),
      started: (us) => {
        startUs = us
      },
      batch: (batch) => batches.push(batch),
      signal: new AbortController().signal,
      ...change,
    }),
  )
  return {
    end,
    startUs,
    slots: batches.flatMap((batch) => batch.slots),
    sendLags: batches.flatMap((batch) => batch.sendLags),
    orders: batches.flatMap((batch) => batch.orders),
    unknownOrders: batches.flatMap((batch) => batch.unknownOrders),
    series: batches.flatMap((batch) => batch.series),
  }
}

/** Clicks (or attempts) counted over the slots that match. */
export function countOf(slots: readonly Slot[], match: Partial<Slot> = {}): number {
  const keys = Object.keys(match) as (keyof Slot)[]
  return slots
    .filter((slot) => keys.every((key) => slot[key] === match[key]))
    .reduce((sum, slot) => sum + slot.n, 0)
}
