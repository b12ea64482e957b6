import { expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { openTelemetry } from '../telemetry.ts'
import type { Settings } from '../testing/test-shop.ts'
import { openPayments } from './payments.ts'

const DATABASE_URL = 'postgres://nowhere/x'
const QUICK = { SHOP_PAYMENT_MS: '0', SHOP_PAYMENT_PAUSE_MS: '0', SHOP_PAYMENT_DEADLINE_MS: '120000' }

type Provider = Parameters<typeof openPayments>[2]

function payments(settings: Settings, provider?: Provider) {
  const telemetry = openTelemetry()
  const opened = openPayments(readConfig({ DATABASE_URL, ...QUICK, ...settings }), telemetry, provider)
  /** Which of these checkouts were paid. */
  const pay = async (keys: readonly string[]) => {
    const paid: string[] = []
    for (const key of keys) {
      await opened.authorise({ key, card: null, traceparent: '00-trace' }).then(
        () => paid.push(key),
        (error) => expect(error).toMatchObject({ status: 502, code: 'payment-failed' }),
      )
    }
    return paid
  }
  const sum = async (name: string) => {
    const metric = await telemetry.registry.getSingleMetric(name)!.get()
    return metric.values.reduce((total, { value }) => total + value, 0)
  }
  telemetry.close()
  return { pay, sum }
}

const keys = Array.from({ length: 1000 }, (_, index) => `key-${index}`)

test('the same keys fail in every run, about as many as asked for', async () => {
  const settings = { SHOP_PAYMENT_FAILURE_RATIO: '0.3', SHOP_RETRY_BUDGET_RATIO: '0' }
  const paid = await payments(settings).pay(keys)
  expect(paid.length).toBeGreaterThan(650)
  expect(paid.length).toBeLessThan(750)
  expect(await payments(settings).pay(keys.toReversed())).toEqual(paid.toReversed())
})

test('a failed call is made again, with its key and trace, and mostly helps', async () => {
  const calls: unknown[] = []
  const { pay } = payments({ SHOP_RETRY_BUDGET_RATIO: '1' }, async (payment, attempt) => {
    calls.push({ ...payment, attempt })
    return attempt === 2
  })
  expect(await pay(['a'])).toEqual(['a'])
  expect(calls).toEqual([
    { key: 'a', card: null, traceparent: '00-trace', attempt: 1 },
    { key: 'a', card: null, traceparent: '00-trace', attempt: 2 },
  ])
})

test('when everything fails there are no more extra calls than the budget', async () => {
  const { pay, sum } = payments({ SHOP_PAYMENT_FAILURE_RATIO: '1', SHOP_RETRY_BUDGET_RATIO: '0.2' })
  expect(await pay(keys)).toEqual([])
  expect(await sum('shop_retries_total')).toBe(200)
  expect(await sum('shop_payment_calls_total')).toBe(1200)
})

test('what was saved up in good times is bounded, too', async () => {
  let down = false
  const { pay, sum } = payments({ SHOP_RETRY_BUDGET_RATIO: '0.1' }, async () => !down)
  await pay(keys)
  down = true
  await pay(keys.slice(0, 1))
  await pay(keys.slice(0, 20))
  expect(await sum('shop_retries_total')).toBeLessThanOrEqual(10 + 2)
})

test('nothing is called again after the deadline, nor more often than allowed', async () => {
  const late = payments(
    { SHOP_RETRY_BUDGET_RATIO: '5', SHOP_PAYMENT_DEADLINE_MS: '30', SHOP_PAYMENT_PAUSE_MS: '31' },
    async () => false,
  )
  await late.pay(['a'])
  expect(await late.sum('shop_payment_calls_total')).toBe(1)
  const often = payments({ SHOP_RETRY_BUDGET_RATIO: '20', SHOP_PAYMENT_ATTEMPTS: '4' }, async () => {
    throw new Error('reset')
  })
  await often.pay(['a'])
  expect(await often.sum('shop_payment_calls_total')).toBe(4)
})

test('a declined card is an answer: nobody asks again', async () => {
  const telemetry = openTelemetry()
  const settings = { SHOP_PAYMENT_FAILURE_RATIO: '0.5', SHOP_RETRY_BUDGET_RATIO: '20' }
  const opened = openPayments(readConfig({ DATABASE_URL, ...QUICK, ...settings }), telemetry)
  const declined = opened.authorise({ key: 'a', card: '4111111111110000', traceparent: null })
  await expect(declined).rejects.toMatchObject({ status: 402, code: 'payment-declined' })
  const { values } = await telemetry.registry.getSingleMetric('shop_payment_calls_total')!.get()
  expect(values).toMatchObject([{ value: 1, labels: { result: 'declined' } }])
  telemetry.close()
})
