import { newHistogram, quantileUs, recordUs, toPairs } from '../../core/measure/histogram.ts'
import type { EngineEnd, Outcome, SlotLine } from '../../core/record.ts'

export type Slot = Omit<SlotLine, 'kind' | 'segment'>

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
  timesUs: number[]
}

/** Everything one drive counts. Times are absolute µs of the run's clock; what is intended outside the measured part
 * goes into its own second's slot but not into the totals. */
export class Tally {
  readonly #startUs: number
  readonly #durationUs: number
  #boxes = new Map<string, Box>()
  readonly #scratch = newHistogram()
  readonly #lag = newHistogram()
  readonly #lagNow = newHistogram()
  #pulse = { intended: 0, sent: 0, completed: 0 }
  readonly #planned: number[]
  readonly #actual: number[]
  readonly #checkFailures = new Map<string, number>()
  #sessionsIntended = 0
  #sessionsStarted = 0
  #clicksIntended = 0
  #clicksDone = 0
  #attemptsSent = 0
  #inFlightUs = 0

  constructor(startUs: number, durationSec: number) {
    this.#startUs = startUs
    this.#durationUs = durationSec * 1e6
    const windows = Math.ceil(this.#durationUs / WINDOW_US)
    this.#planned = new Array<number>(windows).fill(0)
    this.#actual = new Array<number>(windows).fill(0)
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
    recordUs(this.#lagNow, sentUs - intendedUs)
    if (this.#isMeasured(intendedUs)) recordUs(this.#lag, sentUs - intendedUs)
  }

  attemptSent(intendedUs: number): void {
    if (this.#isMeasured(intendedUs)) this.#attemptsSent++
  }

  attemptDone(intendedUs: number, sentUs: number, doneUs: number, route: string, outcome: Outcome): void {
    this.#record(intendedUs, 'attempt', route, outcome, doneUs - sentUs)
  }

  clickDone(intendedUs: number, doneUs: number, route: string, outcome: Outcome): void {
    this.#pulse.completed++
    this.#record(intendedUs, 'click', route, outcome, doneUs - intendedUs)
    if (this.#isMeasured(intendedUs)) this.#clicksDone++
    const endUs = this.#startUs + this.#durationUs
    this.#inFlightUs += Math.max(0, Math.min(doneUs, endUs) - Math.max(intendedUs, this.#startUs))
  }

  checkFailed(reason: string): void {
    // Reasons may hold ids of pages: past a hundred different ones they are counted together.
    const key = this.#checkFailures.size < 100 || this.#checkFailures.has(reason) ? reason : 'other'
    this.#checkFailures.set(key, (this.#checkFailures.get(key) ?? 0) + 1)
  }

  /** The slots filled since the last call; lines of one key add up. */
  takeSlots(): Slot[] {
    const boxes = this.#boxes
    this.#boxes = new Map()
    return Array.from(boxes.values(), ({ sec, of, route, outcome, timesUs }) => {
      this.#scratch.reset()
      for (const us of timesUs) recordUs(this.#scratch, us)
      return { sec, of, route, outcome, n: timesUs.length, timesUs: toPairs(this.#scratch) }
    })
  }

  /** The counts since the last call. */
  takePulse(): Pulse {
    const pulse = {
      ...this.#pulse,
      sendLagP50Ms: (quantileUs(this.#lagNow, 0.5) ?? 0) / 1000,
      sendLagP99Ms: (quantileUs(this.#lagNow, 0.99) ?? 0) / 1000,
    }
    this.#lagNow.reset()
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
      sendLagUs: toPairs(this.#lag),
      arrivalsPlanned: this.#planned,
      arrivalsActual: this.#actual,
      inFlightMean: this.#durationUs > 0 ? this.#inFlightUs / this.#durationUs : 0,
      ...(this.#checkFailures.size > 0 && { checkFailures: Object.fromEntries(this.#checkFailures) }),
    }
  }

  #record(intendedUs: number, of: Slot['of'], route: string, outcome: Outcome, us: number): void {
    const sec = Math.floor((intendedUs - this.#startUs) / 1e6)
    const key = `${sec} ${of} ${outcome} ${route}`
    const box = this.#boxes.get(key)
    if (box) box.timesUs.push(us)
    else this.#boxes.set(key, { sec, of, route, outcome, timesUs: [us] })
  }

  #count(windows: number[], atUs: number): void {
    const window = Math.floor((atUs - this.#startUs) / WINDOW_US)
    if (window >= 0 && window < windows.length) windows[window]!++
  }

  #isMeasured(intendedUs: number): boolean {
    return intendedUs >= this.#startUs && intendedUs < this.#startUs + this.#durationUs
  }
}
