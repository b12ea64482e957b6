import { describe, expect, it } from 'vitest'
import type { LoadPlan } from '../../core/plan.ts'
import type { Shopper } from '../../core/scenario.ts'
import { countOf, planOf, type StubAnswer, scenarioOf, stubDrive } from './testing/stub-drive.ts'
import type { HttpRequest } from './transport.ts'

const ROUTE = 'POST /checkout'
const buy = async (shopper: Shopper): Promise<void> => {
  await shopper.post('/checkout', { json: {}, key: shopper.uuid() })
}
const OK: StubAnswer = { afterMs: 20, json: {} }
const SOLD_OUT: StubAnswer = { afterMs: 20, outcome: 'wrong-status', status: 409 }

const keyOf = ({ headers }: HttpRequest): string => headers[headers.indexOf('idempotency-key') + 1] ?? ''

/** Drives buyers against a shop that answers the nth attempt of a key so; the last answer holds for all after it. */
async function told(
  answers: readonly StubAnswer[],
  change: Partial<LoadPlan> = {},
  steps: (shopper: Shopper) => Promise<void> = buy,
) {
  const attempts = new Map<string, number>()
  const scenario = scenarioOf([{ name: 'buyer', weight: 1, steps }])
  const run = await stubDrive(
    scenario,
    planOf(scenario, 5, 10, { ending: 'finish', ...change }),
    (request) => {
      const attempt = attempts.get(keyOf(request)) ?? 0
      attempts.set(keyOf(request), attempt + 1)
      return answers[Math.min(attempt, answers.length - 1)]!
    },
  )
  return { ...run, keys: run.unknownOrders.map(({ key }) => key), sent: [...attempts.keys()] }
}

describe('a key that nobody answered', () => {
  it('is told once, when the click is over, with its route', async () => {
    const { keys, sent, unknownOrders, startUs, slots } = await told([null])
    expect(sent.length).toBeGreaterThan(20)
    expect(keys.toSorted()).toEqual(sent.toSorted())
    expect(unknownOrders.every(({ route, atUs }) => route === ROUTE && atUs >= startUs + 6e6)).toBe(true)
    expect(countOf(slots, { of: 'click', outcome: 'given-up' })).toBe(keys.length)
  })

  it.each([
    ['the connection broke', [{ afterMs: 20, outcome: 'reset' }]],
    ['a balancer lost its server', [{ afterMs: 20, outcome: 'wrong-status', status: 504 }]],
    ['the shop lost its database', [{ afterMs: 20, outcome: 'wrong-status', status: 503 }]],
    ['the reload was refused what the first attempt may have got', [null, SOLD_OUT]],
  ] as const)('is told when %s', async (_what, answers) => {
    const { keys, sent } = await told(answers)
    expect(keys.toSorted()).toEqual(sent.toSorted())
  })

  it.each([
    ['the shop said no', [SOLD_OUT]],
    ['it was turned away', [{ afterMs: 20, outcome: 'shed', status: 503 }]],
    ['the reload brought the answer', [null, OK]],
    ['all went well', [OK]],
    ['nothing reached the shop', [{ afterMs: 20, outcome: 'refused' }]],
  ] as const)('is not told when %s', async (_what, answers) => {
    const { keys, sent } = await told(answers)
    expect(sent.length).toBeGreaterThan(20)
    expect(keys).toEqual([])
  })

  it('is told when the drive ends before the answer', async () => {
    const { keys, slots } = await told([{ afterMs: 2500 }], { graceMs: 500 })
    expect(keys.length).toBeGreaterThan(5)
    expect(countOf(slots, { of: 'click', outcome: 'given-up' })).toBe(keys.length)
  })

  it('is told of the sessions that only prepare a step, too', async () => {
    const { unknownOrders, startUs } = await told([null], { fillSec: 5, ending: 'cut' })
    expect(unknownOrders.some(({ atUs }) => atUs < startUs)).toBe(true)
  })

  it('needs a key', async () => {
    const keyless = await told([null], {}, async (shopper) => {
      await shopper.get('/')
    })
    expect(countOf(keyless.slots, { of: 'click', outcome: 'given-up' })).toBeGreaterThan(20)
    expect(keyless.keys).toEqual([])
  })

  it('is one of 10,000 at most', async () => {
    const { keys, sent } = await told([{ afterMs: 1, outcome: 'reset' }], {
      curve: [
        { atSec: 0, perSec: 2000 },
        { atSec: 6, perSec: 2000 },
      ],
    })
    expect(sent.length).toBeGreaterThan(11_000)
    expect(keys).toHaveLength(10_000)
  })
})
