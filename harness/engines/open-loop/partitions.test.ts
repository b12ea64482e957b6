import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArrivalProcess, LoadPlan } from '../../core/plan.ts'
import { Samples } from './samples.ts'
import { planOf, type StubShop, scenarioOf, stubDrive } from './testing/stub-drive.ts'

/** Pages by name, choices in their paths, and POSTs with cookies, which a fill really sends. */
const SHOP = scenarioOf(
  [
    {
      name: 'browser',
      weight: 70,
      steps: async (s) => {
        await s.get('/browse/:id', { id: s.uniform('product') })
        const list = await s.get('/list/:id', { id: s.zipf('product') })
        if (s.chance(0.5)) await s.get('/picked/:id', { id: s.pick(list.json.products) as number })
      },
    },
    {
      name: 'buyer',
      weight: 30,
      steps: async (s) => {
        await s.get('/buy/:id', { id: s.uniform('product') })
        await s.post('/cart', { json: { product: 1 } })
        await s.get('/cart/:id', { id: s.uniform('product') })
        await s.post('/checkout', { key: s.uuid() })
      },
    },
  ],
  [300, 4000],
)

/** Every page takes its own time, always the same: what is learnt on the way then changes nothing. */
const MS: Readonly<Record<string, number>> = {
  browse: 20,
  list: 35,
  picked: 15,
  buy: 20,
  cart: 50,
  checkout: 80,
}
const answer: StubShop = ({ path }) => {
  const page = path.split('/')[1]!
  const setCookies = path === '/cart' ? ['cart=1'] : []
  return { afterMs: MS[page]!, json: { products: [3, 4, 5, 6, 7] }, setCookies }
}

/** A shop that has seen every page before. */
async function seen(): Promise<Samples> {
  const samples = new Samples()
  await stubDrive(SHOP, planOf(SHOP, 20, 20), answer, samples)
  return samples
}

type Sent = { readonly all: readonly string[]; readonly sessions: number; readonly fillSec: number }

/** What shoppers did from second 0 on: when, to the microsecond, and what; and how long the fill took. */
async function sent(plan: LoadPlan): Promise<Sent> {
  const requests: { readonly nowUs: number; readonly what: string }[] = []
  const run = await stubDrive(
    SHOP,
    plan,
    (request, nowUs) => {
      requests.push({ nowUs, what: `${request.method} ${request.path}` })
      return answer(request, nowUs)
    },
    await seen(),
  )
  const live = requests.filter(({ nowUs }) => nowUs >= run.startUs)
  return {
    all: live.map(({ nowUs, what }) => `${nowUs - run.startUs} ${what}`),
    sessions: run.end.sessionsStarted,
    fillSec: run.startUs / 1e6,
  }
}

const PROCESSES: readonly ArrivalProcess[] = [
  { kind: 'poisson' },
  { kind: 'balanced', count: 7 },
  { kind: 'even' },
]

describe('n partitions, each with its fill', () => {
  it.each(PROCESSES)('make together exactly the clicks of one plan: $kind arrivals', async (kind) => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(),
          of: fc.integer({ min: 2, max: 6 }),
          perSec: fc.constantFrom(0.3, 1, 4, 15),
          climb: fc.constantFrom(1, 3),
          fillSec: fc.integer({ min: 1, max: 15 }),
          drifts: fc.boolean(),
        }),
        async ({ seed, of, perSec, climb, fillSec, drifts }) => {
          const curve = [
            { atSec: 0, perSec },
            { atSec: 4, perSec: perSec * climb },
          ]
          const plan = planOf(SHOP, perSec, 4, {
            seed,
            curve,
            fillSec,
            arrivals: kind,
            ...(drifts && {
              drift: { normalPerSec: perSec, peakPerSec: perSec * 3 },
              journeys: SHOP.shoppers.map(({ name, weight, thinkTime }) => ({
                name,
                weight,
                peakWeight: 100 - weight,
                thinkTime,
              })),
            }),
          })
          const whole = await sent(plan)
          const parts: Sent[] = []
          for (let index = 0; index < of; index++)
            parts.push(await sent({ ...plan, partition: { index, of } }))
          expect(parts.flatMap(({ all }) => all).sort()).toEqual([...whole.all].sort())
          expect(parts.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(whole.sessions)
        },
      ),
      {
        numRuns: 12,
        // One arrival every few seconds, in five partitions: the pace of each alone outlasts its fill.
        examples: [[{ seed: 1870520252, of: 5, perSec: 0.3, climb: 1, fillSec: 4, drifts: false }]],
      },
    )
  })
})
