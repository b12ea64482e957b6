import { HarnessError } from '../../core/errors.ts'
import type { Feeder } from '../../core/feeder.ts'
import type { Page, Shopper } from '../../core/scenario.ts'
import type { Random } from '../../core/traffic/random.ts'
import { type ClickSpec, getSpec, postSpec } from './click-spec.ts'
import type { Visit } from './visit.ts'

export type Order = { readonly id: string; readonly value: number; readonly currency: string }

/** What carries out the wishes of a shopper: live, or while a step is being filled. */
export interface Hands {
  click(spec: ClickSpec): Promise<Page>
  /** A condition that did not hold, in words. */
  failed(reason: string): void
  ordered(order: Order): void
}

/** Ends a journey from inside, after a check that failed. */
export class JourneyStopped extends Error {}

/** Plays a visit's journey to its end; rejects with whatever it throws. A click that fails leaves it hanging. */
export function playJourney(visit: Visit, hands: Hands): Promise<void> {
  try {
    return Promise.resolve(visit.journey.steps(new LiveShopper(visit, hands)))
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * The shopper a journey is written against, deciding by the visit's random streams. Each method is bound when it is asked
 * for: a journey may take them apart (`async ({ get }) => …`), and pays only for those it uses.
 */
class LiveShopper implements Shopper {
  readonly #visit: Visit
  readonly #hands: Hands

  constructor(visit: Visit, hands: Hands) {
    this.#visit = visit
    this.#hands = hands
  }

  get get(): Shopper['get'] {
    return (path, params) => clickOf(this.#hands, () => getSpec(path, params))
  }

  get post(): Shopper['post'] {
    return (path, options = {}) => clickOf(this.#hands, () => postSpec(path, options))
  }

  get zipf(): Shopper['zipf'] {
    return <T>(name: string) => {
      const feeder = countedFeeder(this.#visit, 'zipf', name)
      return feeder.at(this.#visit.choices.zipf(feeder.count) - 1) as T
    }
  }

  get uniform(): Shopper['uniform'] {
    return <T>(name: string) => {
      const feeder = countedFeeder(this.#visit, 'uniform', name)
      return feeder.at(this.#visit.choices.int(feeder.count)) as T
    }
  }

  get next(): Shopper['next'] {
    return <T>(name: string) => {
      const feeder = feederOf(this.#visit, name)
      return feeder.at(this.#visit.nextTurn(name) % feeder.count) as T
    }
  }

  get unique(): Shopper['unique'] {
    return <T>(name: string) => uniqueEntry(this.#visit, name) as T
  }

  get pick(): Shopper['pick'] {
    return (items) => {
      // Drawn in any case: an empty list must not shift the choices that follow.
      const drawn = this.#visit.choices.next()
      if (!items || items.length === 0) return fail(this.#hands, 'nothing to pick from: the list is empty')
      return items[Math.floor(drawn * items.length)]!
    }
  }

  get chance(): Shopper['chance'] {
    return (probability) => this.#visit.choices.next() < probability
  }

  get uuid(): Shopper['uuid'] {
    return () => uuid(this.#visit.keys)
  }

  get ordered(): Shopper['ordered'] {
    return ({ id, value, currency }) => {
      const wrong = orderProblem(id, value, currency)
      if (wrong !== null) fail(this.#hands, `ordered: ${wrong}`)
      this.#hands.ordered({ id: String(id), value, currency })
    }
  }

  get check(): Shopper['check'] {
    return (name, holds) => {
      if (!holds) fail(this.#hands, name)
    }
  }
}

/** A bad path rejects like everything else that goes wrong in a click. */
function clickOf(hands: Hands, toSpec: () => ClickSpec): Promise<Page> {
  try {
    return hands.click(toSpec())
  } catch (error) {
    return Promise.reject(error)
  }
}

function fail(hands: Hands, reason: string): never {
  hands.failed(reason)
  throw new JourneyStopped(reason)
}

/** The ledger is held against the shop's books: what is no order must not get into it. */
function orderProblem(id: unknown, value: unknown, currency: unknown): string | null {
  if (!(typeof id === 'string' && id !== '' && id.length <= 200) && !Number.isFinite(id))
    return 'id is not what the shop calls the order'
  if (typeof value !== 'number' || !(value >= 0 && value <= 1e12)) return 'value is no amount of money'
  return typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)
    ? null
    : 'currency is no code such as "EUR"'
}

function feederOf(visit: Visit, name: string): Feeder {
  const found = visit.data[name]
  if (found) return found
  throw new HarnessError({
    code: 'invalid-scenario',
    message: `Journey "${visit.journey.name}" asks for the data source "${name}", which the scenario does not have.`,
    where: 'data',
    hint: `Add it: data: { ${name}: range(1, 100) }. There are: ${Object.keys(visit.data).join(', ') || 'none'}.`,
  })
}

/** A feeder that a share of can be meant. */
function countedFeeder(visit: Visit, way: 'zipf' | 'uniform', name: string): Feeder {
  const feeder = feederOf(visit, name)
  if (feeder.count !== Number.POSITIVE_INFINITY) return feeder
  throw new HarnessError({
    code: 'invalid-scenario',
    message: `Journey "${visit.journey.name}" asks for shopper.${way}("${name}"), which draws from a whole: "${name}" has no end.`,
    where: `data.${name}`,
    hint: `Give it one: generate((n) => …, { count: 1000 }). Or draw by shopper.next("${name}") or shopper.unique("${name}").`,
  })
}

function uniqueEntry(visit: Visit, name: string): unknown {
  const feeder = feederOf(visit, name)
  const { number } = visit
  // Only a shopper who fetches sample pages goes without: the fill then does without that shopper.
  if (number === null) throw new JourneyStopped('no shopper number left')
  if (number < feeder.count) return feeder.at(number)
  throw new HarnessError({
    code: 'invalid-scenario',
    message: `The data source "${name}" has run out: each of its ${feeder.count} entries went to one shopper, and shopper ${number + 1} of this run asks for one (journey "${visit.journey.name}").`,
    where: `data.${name}`,
    hint: `Give it an entry for every shopper of all surges and steps of a run (tens of thousands in a rehearsal), let generate((n) => …) make them, or draw by shopper.next("${name}"), which begins again.`,
  })
}

/** A version 4 UUID (RFC 9562 §5.4). */
function uuid(random: Random): string {
  const digits = (n: number) => Array.from({ length: n }, () => random.int(16).toString(16)).join('')
  const variant = (8 + random.int(4)).toString(16)
  return `${digits(8)}-${digits(4)}-4${digits(3)}-${variant}${digits(3)}-${digits(12)}`
}
