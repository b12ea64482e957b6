import { HarnessError } from '../../core/errors.ts'
import type { Page } from '../../core/scenario.ts'
import type { Arrival } from '../../core/traffic/arrivals.ts'
import { Attempt, type AttemptEnd, type Desk } from './attempt.ts'
import { Browser } from './browser.ts'
import type { ClickSpec } from './click-spec.ts'
import { type Floor, LiveSession } from './live-session.ts'
import { leavesInDoubt } from './outcome.ts'
import { type Hands, type Order, playJourney } from './shopper.ts'
import type { Casting, Visit } from './visit.ts'

/** What a drive gives its fill to work with. */
export type FillDesk = {
  readonly desk: Desk
  readonly casting: Casting
  /** Casting with other idempotency keys and shoppers' numbers, for the sessions that only fetch sample pages. */
  readonly primeCasting: Casting
  /** Sessions that arrive per second while the step fills. */
  readonly perSec: number
  /** A session that is not through by then is left out; where the pace alone takes longer, it gets that long. */
  readonly deadlineUs: number
  readonly ordered: (order: Order, atUs: number) => void
  /** A request got no answer. */
  readonly inDoubt: (spec: ClickSpec) => void
  readonly fail: (error: HarnessError) => void
}

/** A session that would be under way at second 0: it waits there, and goes live with its remaining think time. */
export type Opening = (floor: Floor, startUs: number) => void

/** A dry run: response times of the clicks before second 0, for a session that lives on past it. */
type DryRun =
  | { readonly kind: 'over'; readonly clicks: number }
  | { readonly kind: 'under-way'; readonly clicks: number; readonly responsesUs: readonly number[] }
  | { readonly kind: 'unknown-page'; readonly clicks: number }

/** So many sessions in a row may fail to fetch a missing sample page before that is given up. */
const MAX_FAILED_PRIMES = 3

/**
 * Prepares the sessions that a step should find under way. First every arrival before second 0 makes its journey dry,
 * in virtual time, on pages seen before: who is through by second 0 is forgotten. Then the others make it again with
 * the same random streams; what they did before second 0 is answered from the same pages, or really sent (unmeasured,
 * no faster than the plan's own clicks) when it leaves something behind in the shop: a POST, or anything with cookies.
 */
export async function prepareFill(fill: FillDesk, earlier: readonly Arrival[]): Promise<readonly Opening[]> {
  const underWay: { readonly arrival: Arrival; readonly responsesUs: readonly number[] }[] = []
  let clicks = 0
  let failedPrimes = 0
  for (const arrival of earlier) {
    let run = await dryRun(fill, fill.casting(arrival.index, arrival.atUs), arrival.atUs)
    while (run.kind === 'unknown-page' && failedPrimes < MAX_FAILED_PRIMES) {
      failedPrimes++
      await prime(fill, fill.primeCasting(arrival.index, arrival.atUs))
      const again = await dryRun(fill, fill.casting(arrival.index, arrival.atUs), arrival.atUs)
      if (again.kind !== 'unknown-page' || again.clicks > run.clicks) failedPrimes = 0
      run = again
    }
    clicks += run.clicks
    if (run.kind === 'under-way') underWay.push({ arrival, responsesUs: run.responsesUs })
  }
  const gapUs = 1e6 / Math.max(1e-3, fill.perSec * Math.max(1, clicks / Math.max(1, earlier.length)))
  const turn = turns(fill, gapUs)
  const replayed = underWay.reduce((sum, { responsesUs }) => sum + responsesUs.length, 0)
  // Low loads, and partitions of them, have long gaps: those must not cost sessions that one whole plan would have.
  const deadlineUs = Math.max(fill.deadlineUs, fill.desk.scheduler.nowUs() + gapUs * replayed)
  const openings = await Promise.all(
    underWay.map(({ arrival, responsesUs }) =>
      replay(fill, fill.casting(arrival.index, arrival.atUs), arrival.atUs, responsesUs, turn, deadlineUs),
    ),
  )
  return openings.filter((opening) => opening !== null)
}

function dryRun(fill: FillDesk, visit: Visit, arrivalUs: number): Promise<DryRun> {
  return new Promise((resolve) => {
    const responsesUs: number[] = []
    let nextUs = arrivalUs
    let clicks = 0
    const click = (spec: ClickSpec): Promise<Page> => {
      const intendedUs = clicks === 0 ? nextUs : nextUs + visit.thinkUs()
      const sample = fill.desk.samples.of(spec.route)
      if (intendedUs >= 0) resolve({ kind: 'under-way', clicks, responsesUs })
      else if (!sample) resolve({ kind: 'unknown-page', clicks })
      else {
        clicks++
        responsesUs.push(sample.responseUs)
        nextUs = intendedUs + sample.responseUs
        return Promise.resolve(sample.page)
      }
      return new Promise(() => {})
    }
    play(fill, visit, { click, failed: () => {}, ordered: () => {} }, () => resolve({ kind: 'over', clicks }))
  })
}

/** One real session without think time, so that every page on its way becomes a sample. */
function prime(fill: FillDesk, visit: Visit): Promise<void> {
  return new Promise((resolve) => {
    const leave = () => {
      browser.line.hangUp()
      resolve()
    }
    const browser = new Browser(fill.desk.transport)
    const click = async (spec: ClickSpec): Promise<Page> => {
      const end = await sendOnce(fill, browser, spec)
      if (end.outcome === 'ok' && end.page) return end.page
      leave()
      return new Promise(() => {})
    }
    const ordered = (order: Order) => fill.ordered(order, fill.desk.scheduler.nowUs())
    play(fill, visit, { click, failed: () => {}, ordered }, leave)
  })
}

/** Runs a session up to second 0; `null` when it did not get there. */
function replay(
  fill: FillDesk,
  visit: Visit,
  arrivalUs: number,
  responsesUs: readonly number[],
  turn: () => Promise<void>,
  deadlineUs: number,
): Promise<Opening | null> {
  return new Promise((resolve) => {
    const { desk } = fill
    const browser = new Browser(fill.desk.transport)
    let nextUs = arrivalUs
    let clicks = 0
    let lastWasSent = false
    let live: LiveSession | null = null
    let stage: 'early' | 'waiting' | 'left' = 'early'
    const leave = () => {
      // Who waits for second 0 has got through: the time limit is for the others.
      if (stage !== 'early') return
      stage = 'left'
      browser.line.hangUp()
      resolve(null)
    }

    const early = async (spec: ClickSpec, responseUs: number): Promise<Page> => {
      nextUs += responseUs
      const sample = desk.samples.of(spec.route)
      lastWasSent = spec.method !== 'GET' || !browser.jar.isEmpty || !sample || sample.setsCookie
      if (!lastWasSent && sample) return sample.page
      await turn()
      // Its time is over: what it would still send would fall into the measured part.
      if (stage === 'left') return new Promise(() => {})
      const end = await sendOnce(fill, browser, spec)
      if (end.outcome === 'ok' && end.page) return end.page
      leave()
      return new Promise(() => {})
    }

    const click = (spec: ClickSpec): Promise<Page> => {
      if (live) return live.click(spec)
      const responseUs = responsesUs[clicks]
      if (clicks++ > 0) nextUs += visit.thinkUs()
      if (nextUs < 0 && responseUs !== undefined) return early(spec, responseUs)
      return new Promise((answered, rejected) => {
        if (stage === 'early') stage = 'waiting'
        resolve((floor, startUs) => {
          live = new LiveSession(floor, visit, startUs + Math.max(0, nextUs), browser)
          live.click(spec).then(answered, rejected)
        })
      })
    }

    const hands: Hands = {
      click,
      failed: (reason) => live?.failed(reason),
      ordered: (order) => {
        if (live) live.ordered(order)
        else if (lastWasSent) fill.ordered(order, desk.scheduler.nowUs())
      },
    }
    desk.scheduler.at(deadlineUs, leave)
    play(fill, visit, hands, (error) => {
      if (live) live.journeyEnded(error)
      else leave()
    })
  })
}

/** Plays a journey; `ended` gets the error it ended with, or null. Mistakes in the scenario end the drive. */
function play(fill: FillDesk, visit: Visit, hands: Hands, ended: (error: unknown) => void): void {
  playJourney(visit, hands).then(
    () => ended(null),
    (error: unknown) => {
      if (error instanceof HarnessError) fill.fail(error)
      ended(error)
    },
  )
}

function sendOnce(fill: FillDesk, browser: Browser, spec: ClickSpec): Promise<AttemptEnd> {
  return new Promise((resolve) => {
    new Attempt(fill.desk, browser, spec, (end) => {
      if (leavesInDoubt(end.outcome, end.page?.status ?? null)) fill.inDoubt(spec)
      resolve(end)
    }).start()
  })
}

/** Hands out turns that are at least `gapUs` apart. */
function turns(fill: FillDesk, gapUs: number): () => Promise<void> {
  const { scheduler } = fill.desk
  let nextUs = scheduler.nowUs()
  return () =>
    new Promise((resolve) => {
      const turnUs = Math.max(scheduler.nowUs(), nextUs)
      nextUs = turnUs + gapUs
      scheduler.at(turnUs, resolve)
    })
}
