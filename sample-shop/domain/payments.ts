import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Counter } from 'prom-client'
import type { Config } from '../config.ts'
import type { Telemetry } from '../telemetry.ts'
import { FormError } from './form-error.ts'
import { authorisePayment } from './payment.ts'
import { retryBudget } from './retry-budget.ts'
import { ShopError } from './shop-error.ts'

type Payment = {
  /** The checkout's idempotency key: the provider takes the money for it once. */
  readonly key: string
  /** `null`: one that the provider knows already. */
  readonly card: string | null
  /** W3C trace context, passed on as the header; `null` when the shopper's request brought none. */
  readonly traceparent: string | null
}

/** Answers whether it authorised the payment; `attempt` is 1 for the first call. */
type PaymentProvider = (payment: Payment, attempt: number) => Promise<boolean>

export type Payments = {
  /** Resolves when the payment is authorised; a ShopError 502 when the provider does not do it, a FormError 402 when it declines the card. */
  authorise(payment: Payment): Promise<void>
}

/** The provider that is not real. Which calls it fails depends on key and attempt alone: a rehearsal can be repeated. */
function standIn({ paymentMs, paymentFailureRatio }: Config): PaymentProvider {
  return async ({ key, card }, attempt) => {
    await authorisePayment(paymentMs, card)
    const drawn = createHash('sha256').update(`${attempt} ${key}`).digest().readUInt32BE(0) / 2 ** 32
    return drawn >= paymentFailureRatio
  }
}

/** Payments with a retry budget; while the provider never fails, nothing but the call. */
export function openPayments(config: Config, telemetry: Telemetry, provider?: PaymentProvider): Payments {
  if (config.paymentFailureRatio === 0 && !provider) {
    return { authorise: ({ card }) => authorisePayment(config.paymentMs, card) }
  }
  const call = provider ?? standIn(config)
  const budget = retryBudget(config.retryBudgetRatio)
  const registers = [telemetry.registry]
  const calls = new Counter({
    name: 'shop_payment_calls_total',
    help: 'Calls to the payment provider.',
    registers,
    labelNames: ['result'] as const,
  })
  const retries = new Counter({ name: 'shop_retries_total', help: 'Calls made again.', registers })
  const refused = new Counter({
    name: 'shop_retries_refused_total',
    help: 'Calls not made again: made as often as allowed, no time left, or no budget.',
    registers,
    labelNames: ['reason'] as const,
  })

  /** The budget is asked last, so that only calls that will be made are paid for. */
  function reasonToStop(attempt: number, pauseMs: number, deadlineMs: number) {
    if (attempt >= config.paymentAttempts) return 'attempts'
    if (performance.now() + pauseMs >= deadlineMs) return 'deadline'
    return budget.spend() ? null : 'budget'
  }

  return {
    async authorise(payment) {
      const deadlineMs = performance.now() + config.paymentDeadlineMs
      budget.earn()
      for (let attempt = 1; ; attempt++) {
        const authorised = await call(payment, attempt).catch((error: unknown) => {
          if (!(error instanceof FormError)) return false
          // A card that was declined is an answer: asking again would not change it.
          calls.inc({ result: 'declined' })
          throw error
        })
        calls.inc({ result: authorised ? 'authorised' : 'failed' })
        if (authorised) return
        const pauseMs = config.paymentPauseMs * 2 ** (attempt - 1)
        const reason = reasonToStop(attempt, pauseMs, deadlineMs)
        if (reason) {
          refused.inc({ reason })
          throw new ShopError(502, 'payment-failed', 'The payment did not go through; nothing was ordered.')
        }
        retries.inc()
        await sleep(pauseMs)
      }
    },
  }
}
