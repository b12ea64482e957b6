import { setTimeout as sleep } from 'node:timers/promises'
import { FormError } from './form-error.ts'

/** Cards that end like this are declined, to see what then happens. */
const DECLINED = '0000'

/**
 * Authorises a payment at the provider, which takes this long; the provider is the one thing here that is not real.
 * The card is passed on and never kept; `null` stands for one the provider knows already.
 */
export async function authorisePayment(paymentMs: number, card: string | null): Promise<void> {
  await sleep(paymentMs)
  if (card?.endsWith(DECLINED)) {
    const message = 'The payment was declined.'
    throw new FormError(402, 'payment-declined', message, {
      card: 'This card was declined. Please try another.',
    })
  }
}
