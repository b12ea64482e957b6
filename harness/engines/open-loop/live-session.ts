import { HarnessError } from '../../core/errors.ts'
import type { Outcome } from '../../core/record.ts'
import type { Page } from '../../core/scenario.ts'
import { Attempt, type AttemptEnd, type Desk } from './attempt.ts'
import { Browser } from './browser.ts'
import { type ClickSpec, isReloadable } from './click-spec.ts'
import { leavesInDoubt } from './outcome.ts'
import type { Cancel } from './scheduler.ts'
import { type Hands, JourneyStopped, type Order } from './shopper.ts'
import type { Tally } from './tally.ts'
import type { Visit } from './visit.ts'

/** What the sessions of one drive share. */
export type Floor = {
  readonly desk: Desk
  readonly tally: Tally
  readonly reloads: number
  /** Longest time from a click's intended start to its last look from the waiting room, µs. */
  readonly queueUs: number
  readonly maxInFlight: number
  /** No click begins whose intended start is at or after this time. */
  readonly lastStartUs: number
  inFlight: number
  readonly sessions: Set<LiveSession>
  readonly ordered: (order: Order, atUs: number) => void
  /** How the sessions of each journey ended so far. */
  readonly endings: Map<string, { finished: number; threw: number }>
  /** The click is over, did not end well, and an attempt of it never got an answer. */
  readonly inDoubt: (spec: ClickSpec) => void
  /** A mistake in the scenario: ends the drive. */
  readonly fail: (error: HarnessError) => void
  readonly sessionEnded: () => void
}

/**
 * A click that is not booked yet: waiting for its time, sent, in the shop's waiting room, or answered right and not yet
 * judged by the journey.
 */
type OpenClick = {
  readonly spec: ClickSpec
  readonly intendedUs: number
  stage: 'waiting' | 'sent' | 'queued' | 'answered'
  /** Of the attempt that is under way, or was the last. */
  attemptIntendedUs: number
  attemptSentUs: number
  doneUs: number
  /** The attempt under way. */
  attempt: Attempt | null
  /** An attempt ended without an answer: what it left behind in the shop is not known. */
  inDoubt: boolean
  /** While it waits for its time, or to look again from the waiting room. */
  cancel: Cancel | null
}

/** So many sessions of a journey that threw, and none that got through, are no chance. */
const ALWAYS = 20

/** One shopper in the shop: clicks, patience, reloads, and the book-keeping of each click. */
export class LiveSession implements Hands {
  readonly #floor: Floor
  readonly #visit: Visit
  readonly #browser: Browser
  #click: OpenClick | null = null
  #nextUs: number
  #clicks = 0
  #ended = false

  /** `arrivalUs` is the intended start of the first click. */
  constructor(
    floor: Floor,
    visit: Visit,
    arrivalUs: number,
    browser: Browser = new Browser(floor.desk.transport),
  ) {
    this.#floor = floor
    this.#visit = visit
    this.#browser = browser
    this.#nextUs = arrivalUs
    floor.sessions.add(this)
  }

  click(spec: ClickSpec): Promise<Page> {
    if (this.#click && this.#click.stage !== 'answered' && !this.#ended) this.#overlaps()
    this.#judge('ok')
    const intendedUs = this.#clicks++ === 0 ? this.#nextUs : this.#nextUs + this.#visit.thinkUs()
    if (this.#ended || intendedUs >= this.#floor.lastStartUs) {
      this.#end()
      return new Promise(() => {})
    }
    return new Promise((answered) => {
      const click: OpenClick = {
        spec,
        intendedUs,
        stage: 'waiting',
        attemptIntendedUs: intendedUs,
        attemptSentUs: 0,
        doneUs: 0,
        attempt: null,
        inDoubt: false,
        cancel: null,
      }
      const { scheduler } = this.#floor.desk
      this.#click = click
      if (intendedUs <= scheduler.nowUs()) this.#begin(click, answered)
      else click.cancel = scheduler.at(intendedUs, () => this.#begin(click, answered))
    })
  }

  failed(reason: string): void {
    if (this.#ended) return
    this.#floor.tally.checkFailed(reason)
    this.#judge('failed-check')
    this.#end()
  }

  ordered(order: Order): void {
    this.#floor.ordered(order, this.#floor.desk.scheduler.nowUs())
  }

  /** The journey is over: by itself, or by an error it threw. */
  journeyEnded(error: unknown = null): void {
    if (error instanceof HarnessError) this.#floor.fail(error)
    else if (error !== null && !(error instanceof JourneyStopped)) this.#threw(error)
    else if (error === null) this.#ending().finished++
    this.#judge('ok')
    this.#end()
  }

  /** Ends the session from outside: a click under way, and its attempt, get this outcome. */
  drop(outcome: 'given-up' | 'dropped'): void {
    const click = this.#click
    click?.cancel?.()
    click?.attempt?.cancel()
    if (click?.stage === 'sent') {
      const { tally, desk } = this.#floor
      const { attemptIntendedUs, attemptSentUs, spec } = click
      tally.attemptDone(attemptIntendedUs, attemptSentUs, desk.scheduler.nowUs(), spec.route, outcome)
      click.inDoubt = true
      this.#finish(click, outcome)
    } else if (click?.stage === 'queued') this.#finish(click, 'queued')
    this.#judge('ok')
    this.#end()
  }

  #begin(click: OpenClick, answered: (page: Page) => void): void {
    const floor = this.#floor
    floor.tally.clickIntended(click.intendedUs)
    if (floor.inFlight >= floor.maxInFlight) {
      floor.tally.clickDone(click.intendedUs, floor.desk.scheduler.nowUs(), click.spec.route, 'dropped')
      this.#click = null
      this.#end()
      return
    }
    floor.inFlight++
    click.stage = 'sent'
    floor.tally.firstAttemptSent(click.intendedUs, floor.desk.scheduler.nowUs())
    this.#attempt(click, answered, click.intendedUs, floor.reloads)
  }

  #attempt(click: OpenClick, answered: (page: Page) => void, intendedUs: number, reloadsLeft: number): void {
    const { desk, tally } = this.#floor
    tally.attemptSent(intendedUs)
    click.attemptIntendedUs = intendedUs
    click.attemptSentUs = desk.scheduler.nowUs()
    const attempt = new Attempt(desk, this.#browser, click.spec, (end: AttemptEnd) => {
      const { outcome, page, sentUs, doneUs } = end
      tally.attemptDone(intendedUs, sentUs, doneUs, click.spec.route, outcome, page?.status)
      if (leavesInDoubt(end.outcome, end.page?.status ?? null)) click.inDoubt = true
      if (end.timedOutIn !== null) tally.timedOut(intendedUs, end.timedOutIn)
      if (end.outcome === 'ok' && end.page) {
        this.#answer(click, end.doneUs)
        answered(end.page)
      } else if (end.lookAgainSec !== null && this.#waits(click, end.doneUs + end.lookAgainSec * 1e6)) {
        this.#queue(click, answered, end.doneUs + end.lookAgainSec * 1e6, reloadsLeft)
      } else if (end.lookAgainSec === null && reloadsLeft > 0 && isReloadable(click.spec)) {
        this.#attempt(click, answered, end.doneUs, reloadsLeft - 1)
      } else {
        this.#finish(click, end.outcome === 'timeout' ? 'given-up' : end.outcome)
        this.#end()
      }
    })
    // Known before it is sent: an attempt that fails at once may be followed by the next within this call.
    click.attempt = attempt
    attempt.start()
  }

  #waits(click: OpenClick, lookAgainUs: number): boolean {
    return lookAgainUs <= click.intendedUs + this.#floor.queueUs
  }

  /** Looks again when the waiting room says: that is no reload, and repeats nothing, since the room let nothing through. */
  #queue(click: OpenClick, answered: (page: Page) => void, lookAgainUs: number, reloadsLeft: number): void {
    click.stage = 'queued'
    click.attempt = null
    click.cancel = this.#floor.desk.scheduler.at(lookAgainUs, () => {
      click.stage = 'sent'
      click.cancel = null
      this.#attempt(click, answered, lookAgainUs, reloadsLeft)
    })
  }

  /** A right answer: the click stays open until the journey has looked at the page. */
  #answer(click: OpenClick, doneUs: number): void {
    click.stage = 'answered'
    click.doneUs = doneUs
    this.#nextUs = doneUs
    this.#floor.inFlight--
  }

  #finish(click: OpenClick, outcome: Outcome): void {
    const { tally, desk } = this.#floor
    tally.clickDone(click.intendedUs, desk.scheduler.nowUs(), click.spec.route, outcome)
    if (click.inDoubt) this.#floor.inDoubt(click.spec)
    this.#floor.inFlight--
    this.#click = null
  }

  /** Books the click that was answered last, once the journey has gone on from it. */
  #judge(outcome: Outcome): void {
    const click = this.#click
    if (click?.stage !== 'answered') return
    this.#floor.tally.clickDone(click.intendedUs, click.doneUs, click.spec.route, outcome)
    this.#click = null
  }

  #threw(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (this.#click) {
      this.failed(`journey "${this.#visit.journey.name}" threw: ${reason}`)
      this.#alwaysThrew(reason, error)
      return
    }
    this.#floor.fail(
      mistake(this.#visit, `threw before its first click: ${reason}`, 'Mend the journey.', error),
    )
  }

  /** A page that is not as expected makes one session throw; a journey of which none ever gets through is wrong itself. */
  #alwaysThrew(reason: string, error: unknown): void {
    const ending = this.#ending()
    ending.threw++
    if (ending.finished > 0 || ending.threw < ALWAYS) return
    this.#floor.fail(
      mistake(
        this.#visit,
        `threw for each of its first ${ALWAYS} shoppers: ${reason}`,
        'Mend the journey; or, if the pages are not what it expects, look at what the shop answers.',
        error,
      ),
    )
  }

  #ending(): { finished: number; threw: number } {
    const { endings } = this.#floor
    const { name } = this.#visit.journey
    let ending = endings.get(name)
    if (!ending) {
      ending = { finished: 0, threw: 0 }
      endings.set(name, ending)
    }
    return ending
  }

  #overlaps(): void {
    this.#floor.fail(
      mistake(
        this.#visit,
        'starts a click before the one before it was answered',
        'A shopper makes one click at a time: await each get and post.',
      ),
    )
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#browser.line.hangUp()
    this.#floor.sessions.delete(this)
    this.#floor.sessionEnded()
  }
}

function mistake(visit: Visit, message: string, hint: string, cause?: unknown): HarnessError {
  return new HarnessError({
    code: 'invalid-scenario',
    message: `Journey "${visit.journey.name}" ${message}.`,
    where: visit.journey.name,
    hint,
    cause,
  })
}
