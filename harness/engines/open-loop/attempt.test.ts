import { describe, expect, it } from 'vitest'
import { fromPairs, quantileUs } from '../../core/measure/histogram.ts'
import { DEFAULT_HTTP } from '../../core/plan.ts'
import { countOf, planOf, type StubShop, scenarioOf, stubDrive } from './testing/stub-drive.ts'

const BROWSER = scenarioOf([
  { name: 'browser', weight: 1, steps: (shopper) => shopper.get('/').then(() => {}) },
])

describe('a redirect', () => {
  const shop: StubShop = ({ path }) =>
    path === '/'
      ? { afterMs: 10, status: 302, location: '/home', setCookies: ['s=1'] }
      : { afterMs: 20, json: {} }
  const seen = (redirects: number) => {
    const cookies: (string | undefined)[] = []
    const spy: StubShop = (request, nowUs) => {
      if (request.path === '/home') cookies.push(request.headers[1])
      return shop(request, nowUs)
    }
    const plan = planOf(BROWSER, 10, 2, { http: { ...DEFAULT_HTTP, redirects } })
    return stubDrive(BROWSER, plan, spy).then((run) => ({ ...run, cookies }))
  }

  it('within the site is part of the attempt, cookies included', async () => {
    const { end, slots, cookies } = await seen(10)
    expect(cookies).toHaveLength(countOf(slots, { of: 'attempt', route: 'GET /' }))
    expect(new Set(cookies)).toEqual(new Set(['s=1']))
    const home = slots.filter(({ of, route }) => of === 'click' && route === 'GET /')
    expect(quantileUs(fromPairs(...home.map(({ timesUs }) => timesUs)), 0.5)! / 1000).toBeCloseTo(30, 0)
    expect(end.clicksDone).toBe(end.clicksIntended)
  })

  it('is the answer when the scenario keeps them', async () => {
    expect((await seen(0)).cookies).toEqual([])
  })

  it('that goes round in circles ends', async () => {
    let requests = 0
    const circle: StubShop = () => {
      requests++
      return { afterMs: 1, status: 302, location: '/' }
    }
    const plan = planOf(BROWSER, 5, 1)
    const { end, slots } = await stubDrive(BROWSER, plan, circle)
    expect(requests).toBe(11 * end.attemptsSent)
    expect(countOf(slots, { of: 'click', outcome: 'wrong-status' })).toBe(end.clicksIntended)
  })
})
