import { mean, sampleStandardDeviation } from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import { Samples } from './samples.ts'
import { countOf, planOf, type StubShop, scenarioOf, stubDrive } from './testing/stub-drive.ts'

/** Browsers and buyers whose POSTs come last: the part of a step that is late to fill. */
const SHOP = scenarioOf([
  {
    name: 'browser',
    weight: 70,
    steps: async (s) => {
      await s.get('/')
      const list = await s.get('/categories/:id', { id: s.zipf('product') })
      await s.get('/products/:id', { id: s.pick(list.json.products) as number })
      if (s.chance(0.5)) await s.get('/products/:id', { id: s.uniform('product') })
    },
  },
  {
    name: 'buyer',
    weight: 30,
    steps: async (s) => {
      await s.get('/')
      await s.get('/products/:id', { id: 1 })
      await s.post('/cart/items', { json: { product: 1 } })
      await s.get('/cart')
      const order = await s.post('/checkout', { key: s.uuid() })
      s.ordered({ id: order.json.id, value: 1, currency: 'EUR' })
    },
  },
])

function shop(seen: (path: string, nowUs: number, cookie: boolean) => void = () => {}): StubShop {
  let orders = 0
  return ({ path, headers }, nowUs) => {
    seen(path, nowUs, headers.includes('cookie'))
    if (path === '/checkout') return { afterMs: 60, json: { id: `o${++orders}` } }
    const setCookies = path === '/cart/items' ? ['cart=1'] : []
    return { afterMs: 25, json: { products: [3, 4, 5] }, setCookies }
  }
}

const PER_SEC = 40

/** Mean clicks in the first second of a step, and per second once it is steady, over many seeds. */
async function firstSecond(fillSec: number, seeds: number, samples = new Samples()) {
  const first = { pages: [] as number[], posts: [] as number[], checkouts: [] as number[] }
  for (let seed = 1; seed <= seeds; seed++) {
    const { slots } = await stubDrive(SHOP, planOf(SHOP, PER_SEC, 1, { seed, fillSec }), shop(), samples)
    const all = countOf(slots, { of: 'click', sec: 0, outcome: 'ok' })
    const posts = ['POST /cart/items', 'POST /checkout'].map((route) =>
      countOf(slots, { of: 'click', sec: 0, route }),
    )
    first.posts.push(posts[0]! + posts[1]!)
    first.checkouts.push(posts[1]!)
    first.pages.push(all - posts[0]! - posts[1]!)
  }
  return { pages: mean(first.pages), posts: mean(first.posts), checkouts: mean(first.checkouts) }
}

describe('a filled step', () => {
  // Arrivals × clicks a session: 0.7 · 3.5 + 0.3 · 3 pages, 0.3 · 2 POSTs.
  const steady = { pages: PER_SEC * 3.35, posts: PER_SEC * 0.6, checkouts: PER_SEC * 0.3 }

  it('has the page, POST and checkout rates of the steady state in its first second', async () => {
    // 100 seeds: the mean of 134 pages/s is then known to 1 % (1 σ), of 12 checkouts/s to 3 %. No clock, no sockets:
    // the same figures every time. (1500 seeds give 134.5 pages/s.)
    const first = await firstSecond(15, 100)
    expect(Math.abs(first.pages / steady.pages - 1)).toBeLessThan(0.05)
    expect(Math.abs(first.posts / steady.posts - 1)).toBeLessThan(0.05)
    expect(Math.abs(first.checkouts / steady.checkouts - 1)).toBeLessThan(0.05)
  })

  it('offers the load it is named after although the step before collapsed', async () => {
    const samples = new Samples()
    await stubDrive(SHOP, planOf(SHOP, 5, 10), shop(), samples)
    const slow: StubShop = (...request) => ({ ...shop()(...request), afterMs: 2500 })
    await stubDrive(SHOP, planOf(SHOP, PER_SEC, 20), slow, samples)
    const clicks: number[] = []
    for (let seed = 1; seed <= 30; seed++) {
      const plan = planOf(SHOP, PER_SEC, 4, { seed, fillSec: 15, arrivals: { kind: 'balanced', count: 40 } })
      clicks.push((await stubDrive(SHOP, plan, shop(), samples)).end.clicksIntended)
    }
    expect(Math.abs(mean(clicks) / (4 * PER_SEC * 3.95) - 1)).toBeLessThan(0.03)
    // Poisson arrivals and journeys drawn one by one would make a step of this length vary by 8 %.
    expect(sampleStandardDeviation(clicks) / mean(clicks)).toBeLessThan(0.04)
  })

  it('would begin with hardly a checkout if it were not filled', async () => {
    const first = await firstSecond(0, 20)
    expect(first.pages / steady.pages).toBeLessThan(0.5)
    expect(first.checkouts).toBe(0)
  })

  it('really sends what leaves something in the shop, before second 0, unmeasured and no faster than its own clicks', async () => {
    const samples = new Samples()
    await stubDrive(SHOP, planOf(SHOP, 20, 20), shop(), samples)
    const sent: { path: string; nowUs: number; cookie: boolean }[] = []
    const run = await stubDrive(
      SHOP,
      planOf(SHOP, PER_SEC, 3, { seed: 9, fillSec: 15 }),
      shop((path, nowUs, cookie) => sent.push({ path, nowUs, cookie })),
      samples,
    )
    const before = sent.filter(({ nowUs }) => nowUs < run.startUs)
    expect(before.length).toBeGreaterThan(10)
    expect(before.every(({ path, cookie }) => path === '/cart/items' || cookie)).toBe(true)
    const tookSec = run.startUs / 1e6
    // 3.95 clicks a session at 40/s.
    expect(before.length / tookSec).toBeLessThan(1.05 * PER_SEC * 3.95)
    expect(run.slots.every(({ sec }) => sec >= 0)).toBe(true)
    expect(run.end.sessionsIntended).toBe(run.end.sessionsStarted)
    expect(run.end.clicksIntended).toBe(sent.length - before.length)
    const early = run.orders.filter(({ atUs }) => atUs < run.startUs)
    expect(early).toHaveLength(before.filter(({ path }) => path === '/checkout').length)
  })

  it('fetches the pages it has not seen by a few real sessions first', async () => {
    const sent: string[] = []
    const run = await stubDrive(
      SHOP,
      planOf(SHOP, PER_SEC, 1, { seed: 3, fillSec: 15 }),
      shop((path) => sent.push(path)),
    )
    expect(countOf(run.slots, { of: 'click', sec: 0 })).toBeGreaterThan(0.7 * PER_SEC * 3.95)
    // One session of each journey; the other home pages belong to the measured second.
    expect(sent.filter((path) => path === '/').length - run.end.sessionsIntended).toBeLessThanOrEqual(2)
  })

  it('begins nearly empty, and begins at all, when the shop answers nothing', async () => {
    const run = await stubDrive(SHOP, planOf(SHOP, PER_SEC, 2, { fillSec: 15 }), () => ({
      afterMs: 5,
      outcome: 'wrong-status',
    }))
    expect(run.end.clicksIntended).toBe(run.end.sessionsIntended)
    expect(countOf(run.slots, { of: 'click', outcome: 'wrong-status' })).toBe(run.end.clicksIntended)
  })

  it('leaves out who is not through in time, and nobody else; none of them comes later', async () => {
    const samples = new Samples()
    await stubDrive(SHOP, planOf(SHOP, 20, 20), shop(), samples)
    const sentUs: number[] = []
    // Every second cart hangs for longer than the fill may take.
    let carts = 0
    const slow: StubShop = (request, nowUs) => {
      sentUs.push(nowUs)
      const answer = shop()(request, nowUs)
      return request.path === '/cart/items' && carts++ % 2 === 0 ? { ...answer, afterMs: 20_000 } : answer
    }
    const plan = planOf(SHOP, PER_SEC, 2, { fillSec: 15, patience: { timeoutMs: 60_000, reloads: 0 } })
    const run = await stubDrive(SHOP, plan, slow, samples)
    expect(run.startUs).toBeGreaterThan(15e6)
    // All that is sent from second 0 on is a click of the step, and all but slow carts are answered.
    expect(sentUs.filter((us) => us >= run.startUs)).toHaveLength(run.end.clicksIntended)
    const unanswered = run.slots.filter(({ of, outcome }) => of === 'click' && outcome !== 'ok')
    expect([...new Set(unanswered.map(({ route }) => route))]).toEqual(['POST /cart/items'])
  })

  it('of n partitions has together the sessions of one', async () => {
    const samples = new Samples()
    await stubDrive(SHOP, planOf(SHOP, 20, 20), shop(), samples)
    const clicks = async (index: number, of: number) =>
      (
        await stubDrive(
          SHOP,
          planOf(SHOP, PER_SEC, 2, { fillSec: 15, partition: { index, of } }),
          shop(),
          samples,
        )
      ).end.clicksIntended
    const parts = (await clicks(0, 2)) + (await clicks(1, 2))
    // The fastest responses are learnt on the way, which moves a click across a second's edge here and there.
    expect(Math.abs(parts - (await clicks(0, 1)))).toBeLessThanOrEqual(4)
  })
})
