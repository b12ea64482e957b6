import { HarnessError } from '../../core/errors.ts'
import { DEFAULT_HTTP, type LoadPlan, planDurationSec } from '../../core/plan.ts'
import type { EngineEnd, OrderLine, SeriesLine, UnknownOrderLine } from '../../core/record.ts'
import type { Scenario } from '../../core/scenario.ts'
import { type Arrival, arrivals, type ReadyProcess } from '../../core/traffic/arrivals.ts'
import { rateAt } from '../../core/traffic/curve.ts'
import { arrivalsWithin } from '../../core/traffic/recording.ts'
import type { Desk } from './attempt.ts'
import type { ClickSpec } from './click-spec.ts'
import { deferred } from './deferred.ts'
import { prepareFill } from './fill.ts'
import { Gate } from './gate.ts'
import { checkLimits } from './limits.ts'
import { type Floor, LiveSession } from './live-session.ts'
import type { Samples } from './samples.ts'
import type { Scheduler } from './scheduler.ts'
import type { SelfMeter } from './self-meter.ts'
import { playJourney } from './shopper.ts'
import type { DriveNumbers, ShopperNumbers } from './shopper-numbers.ts'
import { type SendLag, type Slot, Tally } from './tally.ts'
import type { Transport } from './transport.ts'
import { casting } from './visit.ts'

export type Batch = {
  readonly slots: readonly Slot[]
  readonly sendLags: readonly SendLag[]
  readonly series: readonly Omit<SeriesLine, 'kind'>[]
  readonly orders: readonly Omit<OrderLine, 'kind' | 'segment'>[]
  readonly unknownOrders: readonly Omit<UnknownOrderLine, 'kind' | 'segment'>[]
}

/** Everything one drive is given. */
export type DriveOrder = {
  readonly plan: LoadPlan
  readonly scenario: Scenario
  /** Of the site: "http://127.0.0.1:8080". */
  readonly origin: string
  /** Another number in every drive: idempotency keys come from it. */
  readonly keySeed: number
  /** Of the whole run: what is unique to a shopper is so over all its drives. */
  readonly numbers: ShopperNumbers
  readonly scheduler: Scheduler
  readonly samples: Samples
  readonly meter: SelfMeter
  readonly openTransport: (refused: (error: HarnessError) => void) => Transport
  readonly started: (startUs: number) => void
  readonly batch: (batch: Batch) => void
  /** False: a POST is refused (see `Gate`). Default true. */
  readonly posts?: boolean
  /** Enough load: the drive ends at once, and says what it drove until then. */
  readonly enough?: AbortSignal
  /** Interrupts it: the drive rejects. */
  readonly signal: AbortSignal
}

/** So many keys in doubt a drive tells: a shop that is down would leave one for every buyer. */
const MOST_UNKNOWN_ORDERS = 10_000

/** Second 0 lies this far ahead when it is announced, so that the first arrivals are not late. */
const LEAD_US = 50_000

/**
 * Drives one plan to its end, or until it is enough or its requests are used up. Rejects with a HarnessError when it is
 * interrupted or the scenario is wrong.
 */
export async function drivePlan(order: DriveOrder): Promise<EngineEnd> {
  checkLimits(order.plan)
  const numbers = order.numbers.enter(order.plan, readyProcess(order))
  const failure = deferred<never>()
  const stop = () =>
    failure.reject(new HarnessError({ code: 'interrupted', message: 'The load was stopped before its end.' }))
  order.signal.addEventListener('abort', stop, { once: true })
  const transport = order.openTransport(failure.reject)
  const drive = new Drive(order, numbers, transport, failure.reject)
  const enough = () => drive.endEarly('asked')
  order.enough?.addEventListener('abort', enough, { once: true })
  try {
    if (order.enough?.aborted) enough()
    if (order.signal.aborted) stop()
    return await Promise.race([failure.promise, drive.run()])
  } finally {
    order.signal.removeEventListener('abort', stop)
    order.enough?.removeEventListener('abort', enough)
    drive.dropAll('dropped')
    transport.rest()
  }
}

class Drive {
  readonly #order: DriveOrder
  readonly #numbers: DriveNumbers
  readonly #desk: Desk
  readonly #fail: (error: HarnessError) => void
  readonly #sessions = new Set<LiveSession>()
  readonly #finished = deferred<void>()
  #orders: Batch['orders'][number][] = []
  #unknownOrders: Batch['unknownOrders'][number][] = []
  #unknownOrdersTold = 0
  #tally: Tally | null = null
  #floor: Floor | null = null
  #stopped = false
  #arrivalsOver = false
  #endedEarly: EngineEnd['endedEarly']
  #loopDelayP99Ms = 0
  /** CPU at second 0, and at the end of the measured part. */
  #cpuUs: { from: number; to: number | null } | null = null

  constructor(
    order: DriveOrder,
    numbers: DriveNumbers,
    transport: Transport,
    fail: (error: HarnessError) => void,
  ) {
    this.#order = order
    this.#numbers = numbers
    this.#fail = fail
    this.#desk = {
      scheduler: order.scheduler,
      transport,
      gate: new Gate({
        maxRequests: order.plan.limits.maxRequests ?? Number.POSITIVE_INFINITY,
        posts: order.posts ?? true,
        usedUp: () => this.endEarly('max-requests'),
        refused: fail,
      }),
      samples: order.samples,
      timeoutUs: order.plan.patience.timeoutMs * 1000,
      origin: order.origin,
      redirects: (order.plan.http ?? DEFAULT_HTTP).redirects,
    }
  }

  async run(): Promise<EngineEnd> {
    const { plan, scheduler, meter } = this.#order
    const durationSec = planDurationSec(plan)
    const { scenario, keySeed } = this.#order
    const cast = casting(plan, scenario, keySeed, this.#numbers.session)
    const coming = arrivals(plan.curve, plan.seed, plan.fillSec, plan.partition, readyProcess(this.#order))
    const { earlier, first } = untilSecondZero(coming)
    const filling = prepareFill(
      {
        desk: this.#desk,
        casting: cast,
        primeCasting: casting(plan, scenario, keySeed ^ 0x2545f491, this.#numbers.prime),
        perSec: rateAt(plan.curve, 0) / plan.partition.of,
        deadlineUs: scheduler.nowUs() + Math.max(5, plan.fillSec) * 1e6,
        ordered: this.#ordered,
        inDoubt: this.#inDoubt,
        fail: this.#fail,
      },
      earlier,
    )
    const openings = await Promise.race([filling, this.#finished.promise.then(() => [])])
    // Stopped meanwhile: the race in drivePlan is decided, this run need not end.
    if (this.#stopped) return new Promise(() => {})

    const startUs = Math.ceil(scheduler.nowUs()) + LEAD_US
    const endUs = startUs + durationSec * 1e6
    this.#order.started(startUs)
    const tally = new Tally(startUs, durationSec)
    const floor = this.#openFloor(tally, startUs, endUs)
    for (const open of openings) open(floor, startUs)

    let awaited: Arrival | null = null
    const arrive = (arrival: Arrival | null): void => {
      awaited = arrival
      if (!arrival) return
      const { index, atUs } = arrival
      const intendedUs = startUs + atUs
      scheduler.at(intendedUs, () => {
        if (this.#stopped) return
        tally.arrivalIntended(intendedUs)
        arrive(nextOf(coming))
        tally.arrivalStarted(intendedUs, scheduler.nowUs())
        const visit = cast(index, atUs)
        const session = new LiveSession(floor, visit, intendedUs)
        playJourney(visit, session).then(
          () => session.journeyEnded(),
          (error: unknown) => session.journeyEnded(error),
        )
      })
    }
    arrive(first)
    scheduler.at(startUs, () => {
      if (this.#stopped) return
      meter.takeLoopDelayP99Ms()
      const cpu: { from: number; to: number | null } = { from: meter.cpuUs(), to: null }
      this.#cpuUs = cpu
      this.#tickEverySecond(startUs, cpu.from)
      scheduler.at(endUs, () => {
        if (this.#stopped) return
        cpu.to = meter.cpuUs()
        this.#arrivalsOver = true
        this.#finishWhenQuiet()
      })
      scheduler.at(this.#lastMomentUs(startUs, endUs), () => this.#finished.resolve())
    })
    await this.#finished.promise
    if (this.#endedEarly && !this.#arrivalsOver) {
      // The microsecond after this one: what is intended right now has been begun, and counts.
      const cutUs = Math.floor(scheduler.nowUs()) + 1
      tally.cutAt(cutUs)
      // Who was to arrive by now and could not, because this process was held up, was still to arrive.
      for (let late = awaited as Arrival | null; late; late = nextOf(coming)) {
        if (startUs + late.atUs >= cutUs) break
        tally.arrivalIntended(startUs + late.atUs)
      }
      this.#loopDelayP99Ms = Math.max(this.#loopDelayP99Ms, meter.takeLoopDelayP99Ms())
    }
    const cpuUs = this.#cpuUs ? (this.#cpuUs.to ?? meter.cpuUs()) - this.#cpuUs.from : 0
    this.dropAll('given-up')
    const end = tally.end()
    return {
      ...end,
      ...(this.#endedEarly && { endedEarly: this.#endedEarly }),
      cpuCores: end.durationSec > 0 ? cpuUs / (end.durationSec * 1e6) : 0,
      loopDelayP99Ms: this.#loopDelayP99Ms,
    }
  }

  /** Nothing is sent from now on; `run` resolves with what was driven. Safe to call twice, and after the end. */
  endEarly(why: NonNullable<EngineEnd['endedEarly']>): void {
    if (this.#endedEarly || this.#stopped) return
    this.#endedEarly = why
    this.#desk.gate.close()
    // After polling: answers that lie in the sockets have come, and journeys get to look at their last page.
    this.#order.scheduler.afterPolling(() => this.#finished.resolve())
  }

  /** Ends every session and reports what is left to report. Safe to call twice. */
  dropAll(outcome: 'given-up' | 'dropped'): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#desk.gate.close()
    for (const session of [...this.#sessions]) session.drop(outcome)
    this.#flush([])
  }

  #openFloor(tally: Tally, startUs: number, endUs: number): Floor {
    const { plan } = this.#order
    this.#tally = tally
    this.#floor = {
      desk: this.#desk,
      tally,
      reloads: plan.patience.reloads,
      queueUs: (plan.patience.queueMs ?? 0) * 1000,
      maxInFlight: plan.limits.maxInFlight,
      lastStartUs: plan.ending === 'cut' ? endUs : this.#lastMomentUs(startUs, endUs),
      inFlight: 0,
      endings: new Map(),
      sessions: this.#sessions,
      ordered: this.#ordered,
      inDoubt: this.#inDoubt,
      fail: this.#fail,
      sessionEnded: () => this.#finishWhenQuiet(),
    }
    return this.#floor
  }

  /** When the drive ends at the latest: what is under way then has been given up. */
  #lastMomentUs(startUs: number, endUs: number): number {
    const { graceMs, limits } = this.#order.plan
    return Math.max(endUs, Math.min(endUs + graceMs * 1000, startUs + limits.maxDurationSec * 1e6))
  }

  /** A step is over when no click is under way any more, a surge when no session is. */
  #finishWhenQuiet(): void {
    if (!this.#arrivalsOver) return
    const busy = this.#order.plan.ending === 'cut' ? (this.#floor?.inFlight ?? 0) : this.#sessions.size
    if (busy > 0) return
    // After polling: journeys get to look at their last page before its click is booked.
    this.#order.scheduler.afterPolling(() => this.#finished.resolve())
  }

  readonly #ordered = (order: { id: string; value: number; currency: string }, atUs: number): void => {
    this.#orders.push({ ...order, atUs: Math.round(atUs) })
  }

  readonly #inDoubt = ({ key, route }: ClickSpec): void => {
    if (key === null || this.#unknownOrdersTold >= MOST_UNKNOWN_ORDERS) return
    this.#unknownOrdersTold++
    this.#unknownOrders.push({ atUs: Math.round(this.#order.scheduler.nowUs()), key, route })
  }

  #tickEverySecond(startUs: number, cpuUsBefore: number): void {
    const { scheduler, meter } = this.#order
    let beforeUs = startUs
    let cpuBeforeUs = cpuUsBefore
    const tick = (): void => {
      if (this.#stopped) return
      const nowUs = scheduler.nowUs()
      const cpuUs = meter.cpuUs()
      const loopDelayP99Ms = meter.takeLoopDelayP99Ms()
      if (!this.#arrivalsOver) this.#loopDelayP99Ms = Math.max(this.#loopDelayP99Ms, loopDelayP99Ms)
      const values = {
        ...this.#tally!.takePulse(),
        inFlight: this.#floor!.inFlight,
        cpuCores: (cpuUs - cpuBeforeUs) / Math.max(1, nowUs - beforeUs),
        loopDelayP99Ms,
        sessions: this.#sessions.size,
      }
      beforeUs = nowUs
      cpuBeforeUs = cpuUs
      const passedSec = Math.floor((nowUs - startUs) / 1e6)
      // A second is told when the next is over too: nearly all its clicks have ended by then, and are one line a route.
      this.#flush(
        [{ atUs: Math.round(nowUs), probe: 'generator', role: 'generator', component: 'engine', values }],
        passedSec - 1,
      )
      scheduler.at(startUs + (passedSec + 1) * 1e6, tick)
    }
    scheduler.at(startUs + 1e6, tick)
  }

  #flush(series: Batch['series'], beforeSec?: number): void {
    const orders = this.#orders
    this.#orders = []
    const unknownOrders = this.#unknownOrders
    this.#unknownOrders = []
    const slots = this.#tally?.takeSlots(beforeSec) ?? []
    const sendLags = this.#tally?.takeSendLags(beforeSec) ?? []
    if (slots.length + sendLags.length + series.length + orders.length + unknownOrders.length > 0)
      this.#order.batch({ slots, sendLags, series, orders, unknownOrders })
  }
}

function nextOf(coming: Iterator<Arrival>): Arrival | null {
  const next = coming.next()
  return next.done ? null : next.value
}

/** The arrivals before second 0, and the one after them, which is already taken out of the iterator. */
function untilSecondZero(coming: Iterator<Arrival>): { earlier: Arrival[]; first: Arrival | null } {
  const earlier: Arrival[] = []
  for (let next = coming.next(); !next.done; next = coming.next()) {
    if (next.value.atUs >= 0) return { earlier, first: next.value }
    earlier.push(next.value)
  }
  return { earlier, first: null }
}

/** The plan's arrival process; a recording's times are taken from the scenario, which the engine has loaded itself. */
function readyProcess({ plan, scenario }: DriveOrder): ReadyProcess {
  if (plan.arrivals.kind !== 'recorded') return plan.arrivals
  const { shape } = scenario.traffic
  if (shape.kind === 'replay') return { kind: 'replay', atUs: arrivalsWithin(shape.recording, plan.arrivals) }
  throw new HarnessError({
    code: 'invalid-scenario',
    message: `The plan asks for a recording, which ${plan.scenarioPath} does not have.`,
    where: plan.scenarioPath,
    hint: 'Plan again: the scenario has changed since.',
  })
}
