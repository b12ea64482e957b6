import { expect, it } from 'vitest'
import type { LoadPlan } from '../../core/plan.ts'
import type { Scenario } from '../../core/scenario.ts'
import { drawReplay } from '../../core/traffic/draw-replay.ts'
import { recordingOf } from '../../core/traffic/recording.ts'
import { planOf, scenarioOf, stubDrive } from './testing/stub-drive.ts'

/** Bursts, ties and odd microseconds, in no order, counted from some day in 2023. */
const TIMES_US = [250_000, 0, 3_000_001, 3_000_001, 3_000_001, 7_999_999, 8_000_000, 4_321_987, 11_999_999]
const SORTED_US = [...TIMES_US].sort((a, b) => a - b)

const SHOP = scenarioOf([
  { name: 'one page', weight: 1, steps: async (shopper) => void (await shopper.get('/')) },
])

function replayed(parts: { fromUs?: number; lastsSec: number; speed?: number }): {
  scenario: Scenario
  plan: LoadPlan
} {
  const recording = recordingOf(Float64Array.from(TIMES_US, (us) => us + 1.7e15))
  const shape = {
    kind: 'replay',
    recording,
    fromUs: 0,
    speed: 1,
    normalPerSec: null,
    peak: null,
    ...parts,
  } as const
  const { curve, arrivals } = drawReplay(shape, false)
  // The whole recording is what the engine loads; the plan says which part of it is meant.
  const scenario = { ...SHOP, traffic: { ...SHOP.traffic, shape: { ...shape, fromUs: 0, lastsSec: 12 } } }
  return { scenario, plan: planOf(SHOP, 1, 1, { purpose: 'surge', ending: 'finish', curve, arrivals }) }
}

/** When requests were sent, in µs after second 0. */
async function sentUs(scenario: Scenario, plan: LoadPlan): Promise<number[]> {
  const times: number[] = []
  const run = await stubDrive(scenario, plan, (_, nowUs) => {
    times.push(nowUs)
    return { afterMs: 5 }
  })
  expect(run.end.sessionsIntended).toBe(times.length)
  return times.map((us) => us - run.startUs)
}

it('sends the first click of every shopper at the microsecond that was written down', async () => {
  const { scenario, plan } = replayed({ lastsSec: 12 })
  expect(await sentUs(scenario, plan)).toEqual(SORTED_US)
})

it('sends a window of them, in its own time', async () => {
  const part = replayed({ fromUs: 3_000_001, lastsSec: 5 })
  expect(await sentUs(part.scenario, part.plan)).toEqual([0, 0, 0, 1_321_986, 4_999_998, 4_999_999])
  const fast = replayed({ fromUs: 3_000_000, lastsSec: 1, speed: 5 })
  expect(await sentUs(fast.scenario, fast.plan)).toEqual([0, 0, 0, 264_397, 999_999])
})

it.each([2, 3, 7])('%i partitions send together exactly what one would', async (of) => {
  const { scenario, plan } = replayed({ lastsSec: 12 })
  const parts = await Promise.all(
    Array.from({ length: of }, (_, index) => sentUs(scenario, { ...plan, partition: { index, of } })),
  )
  expect(parts.flat().sort((a, b) => a - b)).toEqual(SORTED_US)
})

it('still drives a plan that holds its times itself', async () => {
  const plan = planOf(SHOP, 1, 12, { arrivals: { kind: 'replay', atUs: SORTED_US } })
  expect(await sentUs(SHOP, plan)).toEqual(SORTED_US)
})

it('says so when the scenario no longer has the recording', async () => {
  const { plan } = replayed({ lastsSec: 12 })
  await expect(stubDrive(SHOP, plan, () => ({ afterMs: 5 }))).rejects.toMatchObject({
    code: 'invalid-scenario',
  })
})
