import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromPairs, quantileUs } from '../../core/measure/histogram.ts'
import { OUTCOMES } from '../../core/record.ts'
import type { Shopper } from '../../core/scenario.ts'
import { countOf, planOf, type StubShop, scenarioOf, stubDrive } from './testing/stub-drive.ts'
import type { Line, Sending, Transport } from './transport.ts'

const browse = async (shopper: Shopper): Promise<void> => {
  await shopper.get('/')
  await shopper.get('/products/:id', { id: shopper.zipf('product') })
}
const BROWSER = scenarioOf([{ name: 'browser', weight: 1, steps: browse }])
const FAST: StubShop = () => ({ afterMs: 10, json: {} })

function slotQuantileMs(
  run: Awaited<ReturnType<typeof stubDrive>>,
  of: 'click' | 'attempt',
  q: number,
): number {
  const pairs = run.slots.filter((slot) => slot.of === of).map((slot) => slot.timesUs)
  return quantileUs(fromPairs(...pairs), q)! / 1000
}

describe('a drive', () => {
  it('sends the clicks of every session, with think time in between, and books each in its second', async () => {
    const { end, slots, startUs } = await stubDrive(
      BROWSER,
      planOf(BROWSER, 20, 10, { ending: 'finish' }),
      FAST,
    )
    expect(startUs).toBeGreaterThan(0)
    expect(end.sessionsIntended).toBe(end.sessionsStarted)
    expect(countOf(slots, { of: 'click', route: 'GET /' })).toBe(end.sessionsIntended)
    // A surge lets sessions end by themselves: their last clicks count in seconds past the curve.
    expect(countOf(slots, { of: 'click', route: 'GET /products/:id' })).toBe(end.sessionsIntended)
    expect(slots.some(({ sec }) => sec >= 10)).toBe(true)
    expect(countOf(slots, { of: 'click' })).toBeGreaterThan(end.clicksIntended)
    expect(
      countOf(
        slots.filter(({ sec }) => sec < 10),
        { of: 'click' },
      ),
    ).toBe(end.clicksIntended)
    expect(slots.every(({ sec }) => sec >= 0)).toBe(true)
  })

  it('cuts a step at its end, and waits for the clicks that were under way', async () => {
    const slow: StubShop = () => ({ afterMs: 2000, json: {} })
    const { end, slots } = await stubDrive(BROWSER, planOf(BROWSER, 20, 5), slow)
    expect(slots.every(({ sec }) => sec < 5)).toBe(true)
    expect(countOf(slots, { of: 'click', outcome: 'ok' })).toBe(end.clicksIntended)
    expect(end.clicksDone).toBe(end.clicksIntended)
    expect(end.durationSec).toBe(5)
  })

  it('waits no longer than the grace: what is under way then was given up', async () => {
    const slow: StubShop = () => ({ afterMs: 2000, json: {} })
    const { end, slots } = await stubDrive(BROWSER, planOf(BROWSER, 40, 5, { graceMs: 1000 }), slow)
    const late = slots.filter(({ of, outcome }) => of === 'click' && outcome === 'given-up')
    expect(countOf(late)).toBeGreaterThan(10)
    expect(countOf(slots, { of: 'click', outcome: 'ok' }) + countOf(late)).toBe(end.clicksIntended)
    // They were intended in the last second: with an answer after 2 s they could not be through 1 s after the end.
    expect(late.every(({ sec }) => sec === 4)).toBe(true)
  })

  it('reports clicks in flight that obey Little’s law', async () => {
    const run = await stubDrive(BROWSER, planOf(BROWSER, 100, 60), () => ({ afterMs: 200, json: {} }))
    const perSec = run.end.clicksIntended / 60
    expect(run.end.inFlightMean / (perSec * 0.2)).toBeGreaterThan(0.98)
    expect(run.end.inFlightMean / (perSec * 0.2)).toBeLessThan(1.001)
  })

  it('counts arrivals planned and actual in windows of 0.1 s', async () => {
    const { end } = await stubDrive(BROWSER, planOf(BROWSER, 50, 4), FAST)
    expect(end.arrivalsPlanned).toHaveLength(40)
    expect(end.arrivalsPlanned.reduce((a, b) => a + b, 0)).toBe(end.sessionsIntended)
    expect(end.arrivalsActual).toEqual(end.arrivalsPlanned)
  })

  it('does the same for the same seed, and on partitions together what one does', async () => {
    const plan = planOf(BROWSER, 30, 5, { ending: 'finish' })
    const urls = async (index: number, of: number) => {
      const sent: string[] = []
      const shop: StubShop = ({ path }, nowUs) => {
        sent.push(`${nowUs} ${path}`)
        return { afterMs: 10, json: {} }
      }
      const { startUs } = await stubDrive(BROWSER, { ...plan, partition: { index, of } }, shop)
      return sent.map((line) => `${Number(line.split(' ')[0]) - startUs} ${line.split(' ')[1]}`)
    }
    const whole = await urls(0, 1)
    expect(await urls(0, 1)).toEqual(whole)
    const parts = [...(await urls(0, 3)), ...(await urls(1, 3)), ...(await urls(2, 3))]
    expect(parts.sort()).toEqual(whole.sort())
  })

  it('always books as many clicks as it intended, whatever the shop does', async () => {
    const answers = fc.constantFrom(
      null,
      { afterMs: 5, json: {} },
      { afterMs: 2900, json: {} },
      { afterMs: 5000, json: {} },
      { afterMs: 0, outcome: 'refused' as const },
      { afterMs: 1, outcome: 'shed' as const },
      { afterMs: 100, outcome: 'wrong-status' as const },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(answers, { minLength: 1, maxLength: 12 }),
        fc.constantFrom('cut' as const, 'finish' as const),
        fc.integer({ min: 1, max: 40 }),
        async (cycle, ending, maxInFlight) => {
          let n = 0
          const plan = planOf(BROWSER, 15, 2, {
            ending,
            limits: { maxInFlight, maxPerSec: 100, maxDurationSec: 100 },
          })
          const { end, slots } = await stubDrive(BROWSER, plan, () => cycle[n++ % cycle.length]!)
          const measured = slots.filter(({ sec }) => sec >= 0 && sec < 2)
          expect(countOf(measured, { of: 'click' })).toBe(end.clicksIntended)
          expect(end.clicksDone).toBe(end.clicksIntended)
          expect(countOf(measured, { of: 'attempt' })).toBe(end.attemptsSent)
          expect(measured.every(({ outcome }) => OUTCOMES.includes(outcome))).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('patience', () => {
  it('gives an attempt up, reloads, and counts the click from its first intended start', async () => {
    const seen = new Set<string>()
    const scenario = scenarioOf([
      { name: 'one', weight: 1, steps: async (s) => void (await s.get('/:page', { page: s.uuid() })) },
    ])
    const run = await stubDrive(scenario, planOf(scenario, 5, 4), ({ path }) => {
      if (seen.has(path)) return { afterMs: 500, json: {} }
      seen.add(path)
      return null
    })
    expect(countOf(run.slots, { of: 'attempt', outcome: 'timeout' })).toBe(run.end.clicksIntended)
    expect(countOf(run.slots, { of: 'click', outcome: 'ok' })).toBe(run.end.clicksIntended)
    expect(slotQuantileMs(run, 'click', 0.5)).toBeGreaterThan(3450)
    expect(slotQuantileMs(run, 'click', 0.5)).toBeLessThan(3550)
  })

  it('ends the session when the last attempt times out too: given up', async () => {
    const run = await stubDrive(BROWSER, planOf(BROWSER, 5, 4), () => null)
    expect(countOf(run.slots, { of: 'click', outcome: 'given-up' })).toBe(run.end.sessionsIntended)
    expect(run.end.clicksIntended).toBe(run.end.sessionsIntended)
    expect(countOf(run.slots, { of: 'attempt', outcome: 'timeout' })).toBe(2 * run.end.sessionsIntended)
    expect(slotQuantileMs(run, 'click', 1)).toBeGreaterThan(5900)
  })

  it('reloads a POST only with its idempotency key, and then with the same', async () => {
    const keys: (string | undefined)[] = []
    const shop: StubShop = ({ headers }) => {
      keys.push(headers[headers.indexOf('idempotency-key') + 1])
      return { afterMs: 10, outcome: 'wrong-status' }
    }
    const withKey = scenarioOf([
      { name: 'buyer', weight: 1, steps: async (s) => void (await s.post('/checkout', { key: s.uuid() })) },
    ])
    const one = await stubDrive(withKey, planOf(withKey, 5, 2), shop)
    expect(one.end.attemptsSent).toBe(2 * one.end.clicksIntended)
    expect(new Set(keys).size).toBe(one.end.clicksIntended)
    expect(keys[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

    const without = scenarioOf([
      { name: 'buyer', weight: 1, steps: async (s) => void (await s.post('/checkout', { json: { a: 1 } })) },
    ])
    const two = await stubDrive(without, planOf(without, 5, 2), shop)
    expect(two.end.attemptsSent).toBe(two.end.clicksIntended)
    expect(countOf(two.slots, { of: 'click', outcome: 'wrong-status', route: 'POST /checkout' })).toBe(
      two.end.clicksIntended,
    )
  })

  it('has other keys in another drive of the same plan', async () => {
    const scenario = scenarioOf([
      { name: 'buyer', weight: 1, steps: async (s) => void (await s.post('/checkout', { key: s.uuid() })) },
    ])
    const keysOf = async (keySeed: number) => {
      const keys = new Set<string>()
      const shop: StubShop = ({ headers }) => {
        keys.add(headers[headers.indexOf('idempotency-key') + 1]!)
        return { afterMs: 1 }
      }
      await stubDrive(scenario, planOf(scenario, 10, 2), shop, undefined, { keySeed })
      return keys
    }
    const [one, two] = [await keysOf(1), await keysOf(2)]
    expect(one.size).toBe(two.size)
    expect([...one].some((key) => two.has(key))).toBe(false)
  })
})

describe('a request that cannot be sent', () => {
  it('fails its click at once', async () => {
    const sending: Sending = { phase: 'connect', cancel: () => {} }
    const line: Line = {
      send: (_, answered) => {
        answered({
          outcome: 'reset',
          page: null,
          setCookies: [],
          location: null,
          timedOutIn: null,
          lookAgainSec: null,
        })
        return sending
      },
      hangUp: () => {},
    }
    const transport: Transport = { line: () => line, rest: () => {}, close: async () => {} }
    const run = await stubDrive(BROWSER, planOf(BROWSER, 10, 2), FAST, undefined, {
      openTransport: () => transport,
    })
    expect(countOf(run.slots, { of: 'click', outcome: 'reset' })).toBe(run.end.clicksIntended)
    expect(run.end.attemptsSent).toBe(2 * run.end.clicksIntended)
  })
})

describe('ceilings', () => {
  it('drops clicks beyond the in-flight cap and counts them', async () => {
    const plan = planOf(BROWSER, 50, 2, { limits: { maxInFlight: 10, maxPerSec: 100, maxDurationSec: 60 } })
    const { end, slots, series } = await stubDrive(BROWSER, plan, () => null)
    expect(countOf(slots, { of: 'click', outcome: 'given-up' })).toBe(10)
    expect(countOf(slots, { of: 'click', outcome: 'dropped' })).toBe(end.clicksIntended - 10)
    expect(Math.max(...series.map(({ values }) => values['inFlight']!))).toBe(10)
  })

  it.each([
    ['rate', planOf(BROWSER, 101, 2, { limits: { maxInFlight: 10, maxPerSec: 100, maxDurationSec: 60 } })],
    ['duration', planOf(BROWSER, 1, 61, { limits: { maxInFlight: 10, maxPerSec: 100, maxDurationSec: 60 } })],
  ])('refuses a plan above its %s', async (_, plan) => {
    await expect(stubDrive(BROWSER, plan, FAST)).rejects.toMatchObject({ code: 'usage' })
  })
})

describe('journeys', () => {
  it('fail their latest click by a check, an empty pick or an error, and the reason is told', async () => {
    const scenario = scenarioOf([
      {
        name: 'a',
        weight: 1,
        steps: async (s) => {
          const page = await s.get('/check')
          s.check('has a title', page.json.title !== undefined)
          await s.get('/never')
        },
      },
      { name: 'b', weight: 1, steps: async (s) => void s.pick((await s.get('/pick')).json.list) },
      { name: 'c', weight: 1, steps: async (s) => void (await s.get('/throw')).json.missing.title },
      {
        name: 'd',
        weight: 1,
        steps: async (s) => s.check('fine', (await s.get('/fine')).json.list.length === 0),
      },
    ])
    const { end, slots } = await stubDrive(scenario, planOf(scenario, 12, 5), () => ({
      afterMs: 1,
      json: { list: [] },
    }))
    for (const route of ['GET /check', 'GET /pick', 'GET /throw']) {
      expect(countOf(slots, { of: 'click', route })).toBeGreaterThan(5)
      expect(countOf(slots, { of: 'click', route, outcome: 'failed-check' })).toBe(
        countOf(slots, { of: 'click', route }),
      )
      expect(countOf(slots, { of: 'attempt', route, outcome: 'ok' })).toBe(
        countOf(slots, { of: 'click', route }),
      )
    }
    expect(countOf(slots, { of: 'click', route: 'GET /fine', outcome: 'ok' })).toBeGreaterThan(5)
    expect(countOf(slots, { route: 'GET /never' })).toBe(0)
    expect(Object.keys(end.checkFailures!)).toContain('has a title')
    expect(Object.values(end.checkFailures!).reduce((a, b) => a + b, 0)).toBe(
      countOf(slots, { outcome: 'failed-check' }),
    )
  })

  it('report the orders the shop acknowledged', async () => {
    const scenario = scenarioOf([
      {
        name: 'buyer',
        weight: 1,
        steps: async (s) => {
          const { json } = await s.post('/checkout', { key: s.uuid() })
          s.ordered({ id: json.id, value: json.total, currency: 'EUR' })
        },
      },
    ])
    let n = 0
    const run = await stubDrive(scenario, planOf(scenario, 10, 5), () => ({
      afterMs: 20,
      json: { id: ++n, total: 2.5 },
    }))
    expect(run.orders).toHaveLength(run.end.clicksIntended)
    expect(new Set(run.orders.map(({ id }) => id)).size).toBe(n)
    expect(run.orders[0]).toMatchObject({ id: '1', value: 2.5, currency: 'EUR' })
    expect(run.orders[0]!.atUs).toBeGreaterThan(run.startUs)
  })

  it.each([
    ['throws before its first click', async () => Promise.reject(new Error('typo'))],
    ['asks for a range that is not there', async (s: Shopper) => void s.zipf('shoes')],
    ['leaves a path parameter out', async (s: Shopper) => void (await s.get('/products/:id'))],
    [
      'clicks twice at once',
      async (s: Shopper) => {
        await Promise.all([s.get('/a'), s.get('/b')])
      },
    ],
  ])('end the drive as an invalid scenario when one %s', async (_, steps) => {
    const scenario = scenarioOf([{ name: 'wrong', weight: 1, steps }])
    await expect(stubDrive(scenario, planOf(scenario, 10, 5), FAST)).rejects.toMatchObject({
      code: 'invalid-scenario',
    })
  })

  it('keep the cookies they are given', async () => {
    const scenario = scenarioOf([{ name: 'buyer', weight: 1, steps: browse }])
    const cookies: string[] = []
    const shop: StubShop = ({ path, headers }) => {
      if (path !== '/') cookies.push(headers[headers.indexOf('cookie') + 1]!)
      return { afterMs: 1, json: {}, setCookies: path === '/' ? ['cart=7; Path=/; HttpOnly', 'seen=1'] : [] }
    }
    await stubDrive(scenario, planOf(scenario, 5, 3, { ending: 'finish' }), shop)
    expect(cookies.length).toBeGreaterThan(5)
    expect(new Set(cookies)).toEqual(new Set(['cart=7; seen=1']))
  })

  it('come in the shares of their weights', async () => {
    const go = (path: string) => async (s: Shopper) => void (await s.get(path))
    const scenario = scenarioOf([
      { name: 'many', weight: 3, steps: go('/many') },
      { name: 'few', weight: 1, steps: go('/few') },
    ])
    const { end, slots } = await stubDrive(scenario, planOf(scenario, 200, 20), FAST)
    const share = countOf(slots, { of: 'click', route: 'GET /few' }) / end.clicksIntended
    expect(Math.abs(share - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / end.clicksIntended))
  })
})

describe('an interrupted drive', () => {
  it('stops at once, books what was under way as dropped, and says that it was interrupted', async () => {
    const control = new AbortController()
    let sent = 0
    const slots: { of: string; outcome: string; n: number }[] = []
    const driving = stubDrive(
      BROWSER,
      planOf(BROWSER, 20, 100),
      () => {
        if (++sent === 50) control.abort()
        return null
      },
      undefined,
      { signal: control.signal, batch: (batch) => slots.push(...batch.slots) },
    )
    await expect(driving).rejects.toMatchObject({ code: 'interrupted' })
    expect(sent).toBeLessThanOrEqual(51)
    expect(slots.some(({ outcome }) => outcome === 'dropped')).toBe(true)
  })
})
