import { HarnessError } from '../../core/errors.ts'
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
export async function playJourney(visit: Visit, hands: Hands): Promise<void> {
  await visit.journey.steps(newShopper(visit, hands))
}

/** The shopper a journey is written against, deciding by the visit's random streams. */
function newShopper(visit: Visit, hands: Hands): Shopper {
  const { choices } = visit
  const fail = (reason: string): never => {
    hands.failed(reason)
    throw new JourneyStopped(reason)
  }
  const range = (name: string) => {
    const found = visit.data[name]
    if (found) return { from: found.from, size: found.to - found.from + 1 }
    throw new HarnessError({
      code: 'invalid-scenario',
      message: `Journey "${visit.journey.name}" asks for the data range "${name}", which the scenario does not have.`,
      where: 'data',
      hint: `Add it: data: { ${name}: range(1, 100) }. There are: ${Object.keys(visit.data).join(', ') || 'none'}.`,
    })
  }
  return {
    // Async, so that a bad path rejects like everything else that goes wrong in a click.
    get: async (path, params) => hands.click(getSpec(path, params)),
    post: async (path, options = {}) => hands.click(postSpec(path, options)),
    zipf: (name) => {
      const { from, size } = range(name)
      return from + choices.zipf(size) - 1
    },
    uniform: (name) => {
      const { from, size } = range(name)
      return from + choices.int(size)
    },
    pick: (items) => {
      // Drawn in any case: an empty list must not shift the choices that follow.
      const drawn = choices.next()
      if (!items || items.length === 0) return fail('nothing to pick from: the list is empty')
      return items[Math.floor(drawn * items.length)]!
    },
    chance: (probability) => choices.next() < probability,
    uuid: () => uuid(visit.keys),
    ordered: ({ id, value, currency }) => hands.ordered({ id: String(id), value, currency }),
    check: (name, holds) => {
      if (!holds) fail(name)
    },
  }
}

/** A version 4 UUID (RFC 9562 §5.4). */
function uuid(random: Random): string {
  const digits = (n: number) => Array.from({ length: n }, () => random.int(16).toString(16)).join('')
  const variant = (8 + random.int(4)).toString(16)
  return `${digits(8)}-${digits(4)}-4${digits(3)}-${variant}${digits(3)}-${digits(12)}`
}
