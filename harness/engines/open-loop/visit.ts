import { HarnessError } from '../../core/errors.ts'
import type { LoadPlan, ThinkTime } from '../../core/plan.ts'
import type { Journey, Scenario } from '../../core/scenario.ts'
import { dealer } from '../../core/traffic/deal.ts'
import { type Random, STREAMS, sessionRandom } from '../../core/traffic/random.ts'

/** One session before it begins: the journey its shopper makes, and the random streams it goes by. */
export type Visit = {
  readonly journey: Journey
  readonly data: Scenario['data']
  readonly choices: Random
  /** Idempotency keys: another in every drive, so that the same surge twice does not send the same orders. */
  readonly keys: Random
  /** The next think time, µs. */
  readonly thinkUs: () => number
}

/** Casts sessions by index: the same index gets the same journey, choices and think times every time. */
export type Casting = (index: number) => Visit

/** The casting of a plan; an unknown journey name is an `invalid-scenario`. `keySeed` differs from drive to drive. */
export function casting(plan: LoadPlan, scenario: Scenario, keySeed: number): Casting {
  const roles = plan.journeys.map(({ name, weight, thinkTime }) => {
    const journey = scenario.shoppers.find((one) => one.name === name)
    if (journey) return { journey, weight, thinkTime }
    throw new HarnessError({
      code: 'invalid-scenario',
      message: `The plan asks for the journey "${name}", which ${plan.scenarioPath} does not have.`,
      where: plan.scenarioPath,
      hint: 'Plan again: the scenario has changed since.',
    })
  })
  // Upper edge of each role's share of the line from 0 to the sum of the weights.
  let total = 0
  const edges = roles.map(({ weight }) => {
    total += weight
    return total
  })
  const deal = dealer(plan.seed)
  return (index) => {
    const choices = sessionRandom(plan.seed, index, STREAMS.choices)
    const thinking = sessionRandom(plan.seed, index, STREAMS.thinking)
    const drawn = deal(index) * total
    const role = roles[edges.findIndex((edge) => drawn < edge)] ?? roles.at(-1)!
    return {
      journey: role.journey,
      data: scenario.data,
      choices,
      keys: sessionRandom(keySeed, index, STREAMS.keys),
      thinkUs: () => thinkTimeUs(role.thinkTime, thinking),
    }
  }
}

function thinkTimeUs(think: ThinkTime, random: Random): number {
  if (think.kind === 'fixed') return Math.round(think.ms * 1000)
  return Math.round((think.minMs + random.next() * (think.maxMs - think.minMs)) * 1000)
}
