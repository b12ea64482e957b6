import { HarnessError } from '../../core/errors.ts'
import type { LoadPlan, ThinkTime } from '../../core/plan.ts'
import type { Journey, Scenario } from '../../core/scenario.ts'
import { rateAt } from '../../core/traffic/curve.ts'
import { dealer } from '../../core/traffic/deal.ts'
import { type Random, STREAMS, sessionRandom } from '../../core/traffic/random.ts'

type Role = { readonly journey: Journey; readonly thinkTime: ThinkTime }

type Seeds = { readonly plan: number; readonly keys: number }

/** Number of the session's shopper in the whole run; `null`: there is none to give. */
type NumberOf = (index: number) => number | null

/** One session before it begins: the journey its shopper makes, and the random streams it goes by. */
export class Visit {
  readonly data: Scenario['data']
  readonly #role: Role
  readonly #seeds: Seeds
  readonly #index: number
  readonly #numberOf: NumberOf
  // Made when they are asked for: most sessions need only some of them.
  #choices: Random | null = null
  #keys: Random | null = null
  #thinking: Random | null = null
  #number: number | null = null
  #turns: Map<string, number> | null = null

  constructor(role: Role, data: Scenario['data'], seeds: Seeds, index: number, numberOf: NumberOf) {
    this.#role = role
    this.data = data
    this.#seeds = seeds
    this.#index = index
    this.#numberOf = numberOf
  }

  get journey(): Journey {
    return this.#role.journey
  }

  get choices(): Random {
    this.#choices ??= sessionRandom(this.#seeds.plan, this.#index, STREAMS.choices)
    return this.#choices
  }

  /** Idempotency keys: another in every drive, so that the same surge twice does not send the same orders. */
  get keys(): Random {
    this.#keys ??= sessionRandom(this.#seeds.keys, this.#index, STREAMS.keys)
    return this.#keys
  }

  /** The shopper's number in the whole run, the same whenever it is asked; `null`: there was none to give. */
  get number(): number | null {
    this.#number ??= this.#numberOf(this.#index)
    return this.#number
  }

  /** Whose turn it is in a data source when its entries are drawn one after the other. */
  nextTurn(source: string): number {
    this.#turns ??= new Map()
    const turn = this.#turns.get(source) ?? this.#index
    this.#turns.set(source, turn + 1)
    return turn
  }

  /** The next think time, µs. */
  thinkUs(): number {
    this.#thinking ??= sessionRandom(this.#seeds.plan, this.#index, STREAMS.thinking)
    return thinkTimeUs(this.#role.thinkTime, this.#thinking)
  }
}

/** Casts sessions by index: the same index at the same time gets the same journey, choices and think times. */
export type Casting = (index: number, atUs: number) => Visit

/**
 * The casting of a plan; an unknown journey name is an `invalid-scenario`. `keySeed` differs from drive to drive, and so
 * does the number that `numberOf` gives the shopper of a session.
 */
export function casting(plan: LoadPlan, scenario: Scenario, keySeed: number, numberOf: NumberOf): Casting {
  const roles = plan.journeys.map(({ name, thinkTime }) => {
    const journey = scenario.shoppers.find((one) => one.name === name)
    if (journey) return { journey, thinkTime }
    throw new HarnessError({
      code: 'invalid-scenario',
      message: `The plan asks for the journey "${name}", which ${plan.scenarioPath} does not have.`,
      where: plan.scenarioPath,
      hint: 'Plan again: the scenario has changed since.',
    })
  })
  const calm = edgesOf(plan.journeys.map(({ weight }) => weight))
  const peak = edgesOf(plan.journeys.map(({ weight, peakWeight }) => peakWeight ?? weight))
  const deal = dealer(plan.seed)
  const seeds = { plan: plan.seed, keys: keySeed }
  return (index, atUs) => {
    const share = peakShare(plan, atUs)
    const drawn = deal(index)
    let role = 0
    while (role < roles.length - 1 && drawn >= calm[role]! + share * (peak[role]! - calm[role]!)) role++
    return new Visit(roles[role]!, scenario.data, seeds, index, numberOf)
  }
}

/** Upper edge of each role's share of the line from 0 to 1. */
function edgesOf(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let edge = 0
  return weights.map((weight) => {
    edge += weight / total
    return edge
  })
}

/** How far the load is on its way from normal to the peak, 0..1; before second 0 it is as at second 0. */
function peakShare({ drift, curve }: LoadPlan, atUs: number): number {
  if (!drift || drift.peakPerSec <= drift.normalPerSec) return 0
  const perSec = rateAt(curve, Math.max(0, atUs / 1e6))
  return Math.min(1, Math.max(0, (perSec - drift.normalPerSec) / (drift.peakPerSec - drift.normalPerSec)))
}

/** Nobody thinks longer: exponential and log-normal times have no end. */
const LONGEST_THINK_MS = 600_000

function thinkTimeUs(think: ThinkTime, random: Random): number {
  return Math.round(Math.min(LONGEST_THINK_MS, thinkTimeMs(think, random)) * 1000)
}

function thinkTimeMs(think: ThinkTime, random: Random): number {
  switch (think.kind) {
    case 'fixed':
      return think.ms
    case 'uniform':
      return think.minMs + random.next() * (think.maxMs - think.minMs)
    case 'exponential':
      return think.meanMs * random.exponential()
    case 'log-normal':
      return think.medianMs * Math.exp(think.sigma * random.normal())
  }
}
