import { beginsAtSec, type Fault } from './core/faults/fault.ts'
import type { FaultEvent } from './core/faults/fault-event.ts'
import { faultSays } from './core/faults/index.ts'
import type { Afterwards, Clock, Injection, Running } from './ports.ts'

type Parts = {
  readonly faults: readonly Fault[]
  readonly running: Pick<Running, 'inject'>
  readonly clock: Clock
  readonly tell: (atUs: number, event: FaultEvent, detail: string) => void
  /** Called when a fault could neither be done nor refused, or not be undone: the system is in no known state. */
  readonly onFailure: (error: unknown) => void
}

/** One fault in the surge that runs now. */
type Standing = {
  readonly number: number
  readonly fault: Fault
  /** `over`: it was undone, or never done. */
  state: 'waiting' | 'acting' | 'over'
  undo: ((afterwards: Afterwards) => Promise<void>) | null
  timer: NodeJS.Timeout | undefined
  /** What is being done or undone now. */
  work: Promise<void>
}

/** Does the faults of a scenario at their moments of a surge, and undoes each in its time: at the latest when it is over. */
export class FaultTimeline {
  readonly #parts: Parts
  #segment = -1
  #startUs = 0
  #standing: readonly Standing[] = []

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The surge has begun at `startUs` and lasts this long. */
  start(segment: number, startUs: number, surgeSec: number): void {
    this.#segment = segment
    this.#startUs = startUs
    this.#standing = this.#parts.faults.map((fault, number) => ({
      number,
      fault,
      state: 'waiting',
      undo: null,
      timer: undefined,
      work: Promise.resolve(),
    }))
    for (const standing of this.#standing) {
      this.#at(standing, beginsAtSec(standing.fault, surgeSec), () => this.#begin(standing))
    }
  }

  /**
   * The surge is over: nothing is done any more, and what was done is undone, all at once: a server that is to come back may
   * need another that stands still. What fails is told, unless everything is taken down anyway.
   */
  async end(afterwards: Afterwards): Promise<void> {
    const standing = this.#standing
    this.#standing = []
    for (const one of standing) clearTimeout(one.timer)
    const ends = await Promise.allSettled(standing.map((one) => this.#finish(one, afterwards)))
    if (afterwards === 'down') return
    for (const end of ends) if (end.status === 'rejected') this.#parts.onFailure(end.reason)
  }

  async #finish(standing: Standing, afterwards: Afterwards): Promise<void> {
    if (standing.state === 'waiting' && afterwards !== 'down') {
      this.#tell(standing, 'not-reached', 'the surge was over before')
      return
    }
    // What is under way while everything is taken down is taken down with it.
    if (afterwards !== 'down') await standing.work
    await this.#undo(standing, afterwards)
  }

  /** Whether a fault asks for the end of this component's processes just now. */
  asksForDeath(component: string): boolean {
    return this.#acting().some(
      ({ fault: { act } }) => (act.kind === 'kill' || act.kind === 'restart') && act.target === component,
    )
  }

  /** What acts just now, in words. */
  acting(): readonly string[] {
    return this.#acting().map(({ fault: { act } }) => faultSays(act))
  }

  #acting(): readonly Standing[] {
    return this.#standing.filter(({ state }) => state === 'acting')
  }

  #at(standing: Standing, sec: number, act: () => Promise<void>): void {
    const inMs = (this.#startUs - this.#parts.clock.nowUs()) / 1000 + sec * 1000
    standing.timer = setTimeout(
      () => {
        standing.work = act().catch((error: unknown) => this.#parts.onFailure(error))
      },
      Math.max(0, inMs),
    )
  }

  async #begin(standing: Standing): Promise<void> {
    const { fault } = standing
    const { running, clock } = this.#parts
    const beganUs = clock.nowUs()
    standing.state = 'acting'
    const injection: Injection = running.inject
      ? await running.inject(fault)
      : { done: false, because: 'this environment does no faults' }
    if (!injection.done) {
      standing.state = 'over'
      this.#tell(standing, 'not-applicable', injection.because)
      return
    }
    standing.undo = injection.undo
    this.#tell(standing, 'begun', `${faultSays(fault.act)} (fault of the scenario)`, beganUs)
    if (injection.momentary) await this.#undo(standing, 'goes-on')
    // When the surge has ended meanwhile, whoever ended it undoes this too.
    else if (fault.forSec !== null && this.#standing.includes(standing)) {
      const untilSec = (beganUs - this.#startUs) / 1e6 + fault.forSec
      this.#at(standing, untilSec, () => this.#undo(standing, 'goes-on'))
    }
  }

  async #undo(standing: Standing, afterwards: Afterwards): Promise<void> {
    const { undo, fault } = standing
    if (!undo) return
    standing.undo = null
    await undo(afterwards)
    standing.state = 'over'
    this.#tell(standing, 'undone', `undone: ${faultSays(fault.act)}`)
  }

  #tell(
    { number, fault }: Standing,
    became: FaultEvent['became'],
    detail: string,
    atUs = this.#parts.clock.nowUs(),
  ): void {
    this.#parts.tell(atUs, { segment: this.#segment, fault: number, act: fault.act, became }, detail)
  }
}
