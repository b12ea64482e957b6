import { setTimeout as sleep } from 'node:timers/promises'

/** Authorises a payment at the provider, which takes this long; the provider is the one thing here that is not real. */
export async function authorisePayment(paymentMs: number): Promise<void> {
  await sleep(paymentMs)
}
