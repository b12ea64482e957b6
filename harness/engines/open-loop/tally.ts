import { BucketCounts } from '../../core/measure/bucket-counts.ts'
import { fromPairs, quantileUs } from '../../core/measure/histogram.ts'
import type { EngineEnd, Outcome, SendLagLine, SlotLine } from '../../core/record.ts'
import type { Phase } from './transport.ts'

export type Slot = Omit<SlotLine, 'kind' | 'segment'>
export type SendLag = Omit<SendLagLine, 'kind' | 'segment'>

/** Counts since the previous reading, as READINGS lists them for the generator. */
export type Pulse = {
  readonly intended: number
  readonly sent: number
  readonly completed: number
  readonly sendLagP50Ms: number
  readonly sendLagP99Ms: number
}

const WINDOW_US = 100_000

type Box = {
  readonly sec: number
  readonly of: Slot['of']
  readonly route: string
  readonly outcome: Outcome
  /** 0: none worth telling. */
  readonly status: number
  readonly times: BucketCounts
}

const KINDS = ['click', 'attempt'] as const
/** Room for outcomes in a key; there are fewer. */
const OUTCOMES = 32
/** Room for statuses of HTTP in a key; 0 for those that go without saying. */
const STATUSES = 1024
/** Room for seconds in a key, before and after second 0. */
const SECONDS = 2 ** 22

/** Everything one drive counts. Times are absolute µs of the run's clock; what is intended outside the measured part
 * goes into its own second's slot but not into the totals. */
export class Tally {
  readonly #startUs: number
  #durationUs: number
  readonly #boxes = new Map<number, Box>()
  readonly #routes = new Map<string, number>()
  readonly #outcomes = new Map<Outcome, number>()
  /** Boxes whose counts were taken: the next second fills them again. */
  readonly #spare: BucketCounts[] = []
  readonly #lag = new BucketCounts()
  readonly #lagNow = new BucketCounts()
  /** By second of intended start, those that were not taken yet. */
  readonly #lagBySec = new Map<number, BucketCounts>()
  #pulse = { intended: 0, sent: 0, completed: 0 }
  readonly #planned: number[]
  readonly #actual: number[]
  readonly #checkFailures = new Map<string, number>()
  readonly #timeouts: Record<Phase, number> = { connect: 0, headers: 0, body: 0 }
  #sessionsIntended = 0
  #sessionsStarted = 0
  #clicksIntended = 0
  #clicksDone = 0
  #attemptsSent = 0
  #inFlightUs = 0

  constructor(startUs: number, durationSec: number) {
    this.#startUs = startUs
    this.#durationUs = durationSec * 1e6
    this.#planned = new Array<number>(this.#windows).fill(0)
    this.#actual = new Array<number>(this.#windows).fill(0)
  }

  /** The measured part ends here, before its time: nothing intended later may have been counted. */
  cutAt(atUs: number): void {
    this.#durationUs = Math.max(0, Math.min(this.#durationUs, atUs - this.#startUs))
    this.#planned.length = this.#windows
    this.#actual.length = this.#windows
  }

  /** A shopper is to arrive at this time. */
  arrivalIntended(intendedUs: number): void {
    if (!this.#isMeasured(intendedUs)) return
    this.#sessionsIntended++
    this.#count(this.#planned, intendedUs)
  }

  /** The shopper's first click goes out now. */
  arrivalStarted(intendedUs: number, nowUs: number): void {
    if (this.#isMeasured(intendedUs)) this.#sessionsStarted++
    this.#count(this.#actual, nowUs)
  }

  clickIntended(intendedUs: number): void {
    this.#pulse.intended++
    if (this.#isMeasured(intendedUs)) this.#clicksIntended++
  }

  /** The first attempt of a click goes out now. */
  firstAttemptSent(intendedUs: number, sentUs: number): void {
    this.#pulse.sent++
    this.#lagNow.record(sentUs - intendedUs)
    if (!this.#isMeasured(intendedUs)) return
    this.#lag.record(sentUs - intendedUs)
    const sec = this.#secondOf(intendedUs)
    let lag = this.#lagBySec.get(sec)
    if (!lag) {
      lag = this.#spare.pop() ?? new BucketCounts()
      this.#lagBySec.set(sec, lag)
    }
    lag.record(sentUs - intendedUs)
  }

  attemptSent(intendedUs: number): void {
    if (this.#isMeasured(intendedUs)) this.#attemptsSent++
  }

  /** `status`: of its answer; 0 when there was none. */
  attemptDone(
    intendedUs: number,
    sentUs: number,
    doneUs: number,
    route: string,
    outcome: Outcome,
    status = 0,
  ): void {
    const told = status >= 200 && status < 300 ? 0 : status
    this.#record(intendedUs, 'attempt', route, outcome, doneUs - sentUs, told)
  }

  clickDone(intendedUs: number, doneUs: number, route: string, outcome: Outcome): void {
    this.#pulse.completed++
    this.#record(intendedUs, 'click', route, outcome, doneUs - intendedUs)
    if (this.#isMeasured(intendedUs)) this.#clicksDone++
    const endUs = this.#startUs + this.#durationUs
    this.#inFlightUs += Math.max(0, Math.min(doneUs, endUs) - Math.max(intendedUs, this.#startUs))
  }

  /** An attempt ran into a time limit while it waited for this. */
  timedOut(intendedUs: number, phase: Phase): void {
    if (this.#isMeasured(intendedUs)) this.#timeouts[phase]++
  }

  checkFailed(reason: string): void {
    // Reasons may hold ids of pages: past a hundred different ones they are counted together.
    const key = this.#checkFailures.size < 100 || this.#checkFailures.has(reason) ? reason : 'other'
    this.#checkFailures.set(key, (this.#checkFailures.get(key) ?? 0) + 1)
  }

  /** The slots of seconds before this one, filled since they were taken last; lines of one key add up. */
  takeSlots(beforeSec = Number.POSITIVE_INFINITY): Slot[] {
    const slots: Slot[] = []
    for (const [key, { sec, of, route, outcome, status, times }] of this.#boxes) {
      if (sec >= beforeSec) continue
      const slot = { sec, of, route, outcome, n: times.n, timesUs: times.packed() }
      slots.push(status === 0 ? slot : { ...slot, status })
      this.#boxes.delete(key)
      times.clear()
      this.#spare.push(times)
    }
    return slots
  }

  /** The send lags of seconds before this one, recorded since they were taken last; those of one second add up. */
  takeSendLags(beforeSec = Number.POSITIVE_INFINITY): SendLag[] {
    const lags: SendLag[] = []
    for (const [sec, lag] of this.#lagBySec) {
      if (sec >= beforeSec) continue
      lags.push({ sec, n: lag.n, lagUs: lag.packed() })
      this.#lagBySec.delete(sec)
      lag.clear()
      this.#spare.push(lag)
    }
    return lags
  }

  /** The counts since the last call. */
  takePulse(): Pulse {
    const lag = fromPairs(this.#lagNow.packed())
    const pulse = {
      ...this.#pulse,
      sendLagP50Ms: (quantileUs(lag, 0.5) ?? 0) / 1000,
      sendLagP99Ms: (quantileUs(lag, 0.99) ?? 0) / 1000,
    }
    this.#lagNow.clear()
    this.#pulse = { intended: 0, sent: 0, completed: 0 }
    return pulse
  }

  end(): Omit<EngineEnd, 'cpuCores' | 'loopDelayP99Ms'> {
    return {
      durationSec: this.#durationUs / 1e6,
      sessionsIntended: this.#sessionsIntended,
      sessionsStarted: this.#sessionsStarted,
      clicksIntended: this.#clicksIntended,
      clicksDone: this.#clicksDone,
      attemptsSent: this.#attemptsSent,
      sendLagUs: this.#lag.packed(),
      arrivalsPlanned: this.#planned,
      arrivalsActual: this.#actual,
      inFlightMean: this.#durationUs > 0 ? this.#inFlightUs / this.#durationUs : 0,
      timeouts: { ...this.#timeouts },
      ...(this.#checkFailures.size > 0 && { checkFailures: Object.fromEntries(this.#checkFailures) }),
    }
  }

  #record(intendedUs: number, of: Slot['of'], route: string, outcome: Outcome, us: number, status = 0): void {
    const sec = this.#secondOf(intendedUs)
    // A number as key: a text would be built, hashed and thrown away twice in every request.
    const name = (numberOf(this.#routes, route) * OUTCOMES + numberOf(this.#outcomes, outcome)) * KINDS.length
    const kind = (name + KINDS.indexOf(of)) * STATUSES + (status < STATUSES ? status : 0)
    const key = kind * SECONDS + sec + SECONDS / 2
    let box = this.#boxes.get(key)
    if (!box) {
      box = { sec, of, route, outcome, status, times: this.#spare.pop() ?? new BucketCounts() }
      this.#boxes.set(key, box)
    }
    box.times.record(us)
  }

  get #windows(): number {
    return Math.ceil(this.#durationUs / WINDOW_US)
  }

  #count(windows: number[], atUs: number): void {
    const window = Math.floor((atUs - this.#startUs) / WINDOW_US)
    if (window >= 0 && window < windows.length) windows[window]!++
  }

  #secondOf(intendedUs: number): number {
    return Math.floor((intendedUs - this.#startUs) / 1e6)
  }

  #isMeasured(intendedUs: number): boolean {
    return intendedUs >= this.#startUs && intendedUs < this.#startUs + this.#durationUs
  }
}

/** The number of a name, given in the order in which names come. */
function numberOf<T>(numbers: Map<T, number>, name: T): number {
  let number = numbers.get(name)
  if (number === undefined) {
    number = numbers.size
    numbers.set(name, number)
  }
  return number
}
