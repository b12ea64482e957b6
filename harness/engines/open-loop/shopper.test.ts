import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Feeder } from '../../core/feeder.ts'
import type { LoadPlan } from '../../core/plan.ts'
import type { Shopper } from '../../core/scenario.ts'
import { arrivals } from '../../core/traffic/arrivals.ts'
import { sessionRandom } from '../../core/traffic/random.ts'
import { Samples } from './samples.ts'
import { type Hands, playJourney } from './shopper.ts'
import { ShopperNumbers } from './shopper-numbers.ts'
import { planOf, type StubShop, scenarioOf, stubDrive } from './testing/stub-drive.ts'
import { casting } from './visit.ts'

const list = (entries: readonly unknown[]): Feeder => ({ count: entries.length, at: (i) => entries[i] })
const SIZES = ['S', 'M', 'L', 'XL', 'XXL']
const DATA = {
  product: { count: 1000, at: (i: number) => 7 + i },
  size: list(SIZES),
  user: { count: 1e6, at: (i: number) => `user${i}` },
  token: { count: Number.POSITIVE_INFINITY, at: (n: number) => n },
} satisfies Record<string, Feeder>

function shopOf(steps: (shopper: Shopper) => Promise<void>, data: Record<string, Feeder> = DATA) {
  return { ...scenarioOf([{ name: 'any', weight: 1, steps }]), data }
}

const IDLE: Hands = { click: () => new Promise(() => {}), failed: () => {}, ordered: () => {} }

/** What the sessions of a plan draw before their first click, by session index. */
function drawn(
  draw: (shopper: Shopper) => unknown,
  change: Partial<LoadPlan> = {},
  data?: Record<string, Feeder>,
) {
  let got: unknown
  const scenario = shopOf(async (shopper) => {
    got = draw(shopper)
  }, data)
  const plan = planOf(scenario, 100, 2, change)
  const { session } = new ShopperNumbers().enter(plan, { kind: 'poisson' })
  const cast = casting(plan, scenario, 1, session)
  const byIndex = new Map<number, unknown>()
  for (const { index } of arrivals(plan.curve, plan.seed, 0, plan.partition)) {
    got = undefined
    void playJourney(cast(index, 0), IDLE)
    byIndex.set(index, got)
  }
  return byIndex
}

describe('drawing', () => {
  it('by zipf and uniform goes by the session’s choices, as it always did', () => {
    for (const [index, got] of drawn((s) => [s.zipf('product'), s.uniform('product'), s.zipf('size')])) {
      const choices = sessionRandom(1, index)
      const product = [6 + choices.zipf(1000), 7 + choices.int(1000)]
      expect(got).toEqual([...product, SIZES[choices.zipf(5) - 1]])
    }
  })

  it('by zipf gives the first entries of a list most often, by uniform all alike', () => {
    const shares = (draw: (shopper: Shopper) => unknown) => {
      const sizes = [...drawn((s) => Array.from({ length: 100 }, () => draw(s))).values()].flat()
      return SIZES.map((size) => sizes.filter((one) => one === size).length / sizes.length)
    }
    // Some 20,000 draws: four standard errors of a share are below 0.015. H(5) = 137/60.
    shares((s) => s.zipf('size')).forEach((share, i) => {
      expect(Math.abs(share - 60 / 137 / (i + 1))).toBeLessThan(0.015)
    })
    for (const share of shares((s) => s.uniform('size'))) expect(Math.abs(share - 0.2)).toBeLessThan(0.015)
  })

  it('by next begins where the shopper comes in line, goes on from there and begins again', () => {
    const thrice = drawn((s) => [s.next('size'), s.next('token'), s.next('size'), s.next('size')])
    expect(thrice.size).toBeGreaterThan(100)
    for (const [index, got] of thrice) {
      const size = (k: number) => DATA.size.at((index + k) % 5)
      expect(got).toEqual([size(0), index, size(1), size(2)])
    }
  })

  it('by unique gives each shopper one entry of each source, and the same again', () => {
    const got = drawn((s) => [s.unique('user'), s.unique('token'), s.unique('user')])
    for (const [index, [user, token, again]] of got as Map<number, [string, number, string]>) {
      expect([user, token, again]).toEqual([`user${index}`, index, `user${index}`])
    }
  })

  it('leaves what else a session draws as it is, whichever way it draws', () => {
    const plain = drawn((s) => [s.chance(0.5), s.zipf('product')])
    const fed = drawn((s) => {
      const first = s.chance(0.5)
      s.next('size')
      s.unique('user')
      return [first, s.zipf('product')]
    })
    expect(fed).toEqual(plain)
  })

  it('on n partitions together gives exactly what one would', () => {
    const draw = (s: Shopper) => [
      s.zipf('user'),
      s.uniform('size'),
      s.next('size'),
      s.next('size'),
      s.unique('user'),
    ]
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 2, max: 5 }), (seed, of) => {
        const parts = Array.from({ length: of }, (_, index) => [
          ...drawn(draw, { seed, partition: { index, of } }),
        ])
        const together = parts.flat().sort(([a], [b]) => a - b)
        expect(together).toEqual([...drawn(draw, { seed })])
      }),
      { numRuns: 20 },
    )
  })

  it('may be taken apart from the shopper', () => {
    expect([...drawn(({ next, unique }) => [next('token'), unique('token')]).values()][3]).toEqual([3, 3])
  })
})

describe('a mistake in what is drawn ends the drive as an invalid scenario that says how to mend it', () => {
  const FAST: StubShop = () => ({ afterMs: 5, json: {} })
  const failing = (draw: (shopper: Shopper) => unknown, data: Record<string, Feeder> = DATA) => {
    const scenario = shopOf(async (shopper) => {
      await shopper.get('/')
      draw(shopper)
    }, data)
    return stubDrive(scenario, planOf(scenario, 20, 5), FAST)
  }

  it.each<[what: string, draw: (shopper: Shopper) => unknown, message: RegExp, hint: RegExp]>([
    ['an unknown source', (s) => s.next('shoes'), /"any" asks for .*"shoes"/, /product, size, user, token/],
    ['zipf without an end', (s) => s.zipf('token'), /shopper\.zipf\("token"\)/, /count: 1000.*shopper\.next/],
    ['uniform without an end', (s) => s.uniform('token'), /shopper\.uniform\("token"\)/, /count: 1000/],
  ])('%s', async (_what, draw, message, hint) => {
    await expect(failing(draw)).rejects.toMatchObject({
      code: 'invalid-scenario',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    })
  })

  it('more shoppers than entries', async () => {
    await expect(failing((s) => s.unique('few'), { few: list([1, 2, 3]) })).rejects.toMatchObject({
      code: 'invalid-scenario',
      where: 'data.few',
      message: expect.stringMatching(/"few" has run out: each of its 3 entries .* shopper 4/),
      hint: expect.stringMatching(/entry for every shopper.*generate.*shopper\.next\("few"\)/),
    })
  })
})

describe('unique over the drives of a run', () => {
  /** Signs in once; then one of `pages`, by chance. */
  const signingIn = (pages: number) =>
    shopOf(async (shopper) => {
      const user = shopper.unique('user')
      const page = shopper.uniform<number>('product') % pages
      await shopper.get('/')
      await shopper.post('/sign-in', { json: { user } })
      await shopper.get(`/pages/${page}`)
      await shopper.post('/sign-out', { json: { user: shopper.unique('user') } })
    })

  /** Everybody who signed in, over all drives and partitions of a run whose steps are filled. */
  async function run(scenario: ReturnType<typeof shopOf>, seed: number, of: number) {
    const signedIn: string[] = []
    const signedOut: string[] = []
    let beforeSecondZero = 0
    let live = 0
    for (let index = 0; index < of; index++) {
      // Each partition is a process of its own, which keeps its samples and its numbers from drive to drive.
      const samples = new Samples()
      const numbers = new ShopperNumbers()
      for (const [drive, fillSec] of [8, 0, 8].entries()) {
        let began = Number.POSITIVE_INFINITY
        const shop: StubShop = ({ path, body }, nowUs) => {
          if (path === '/sign-in') {
            signedIn.push(JSON.parse(body!).user)
            if (nowUs < began) beforeSecondZero++
            else live++
          }
          if (path === '/sign-out') signedOut.push(JSON.parse(body!).user)
          return { afterMs: 20, json: {} }
        }
        const plan = planOf(scenario, 30, 2, { seed: seed + drive, fillSec, partition: { index, of } })
        await stubDrive(scenario, plan, shop, samples, {
          numbers,
          started: (us) => {
            began = us
          },
        })
      }
    }
    return { signedIn, signedOut, beforeSecondZero, live }
  }

  it('nobody signs in as somebody else did, filled or live, primes included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 1e6 }), fc.integer({ min: 1, max: 3 }), async (seed, of) => {
        const { signedIn, signedOut, beforeSecondZero, live } = await run(signingIn(12), seed, of)
        expect(beforeSecondZero).toBeGreaterThan(5)
        expect(live).toBeGreaterThan(50)
        expect(new Set(signedIn).size).toBe(signedIn.length)
        // Who signs out is who signed in: once each, though some made their journey dry first.
        expect(new Set(signedOut).size).toBe(signedOut.length)
        for (const user of signedOut) expect(signedIn).toContain(user)
      }),
      { numRuns: 8 },
    )
  })

  it('nor when more sample pages are missing than there are shoppers to fetch them', async () => {
    const { signedIn } = await run(signingIn(60), 3, 2)
    expect(signedIn.length).toBeGreaterThan(100)
    expect(new Set(signedIn).size).toBe(signedIn.length)
  })
})
