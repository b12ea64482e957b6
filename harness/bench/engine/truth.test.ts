import { describe, expect, it } from 'vitest'
import { QUEUES } from './testbed/queue-truth.ts'
import { believableComparison, shareOfAllowed } from './truth.ts'

/**
 * The bench's row in short; all nine queues, longer: `npm run bench engine truth`. Services last four times as long, so
 * that 3 % is more than what a busy machine adds to a timer.
 */
const SHORT = QUEUES.filter(({ name, utilisation }) => utilisation === (name === 'M/D/1' ? 0.9 : 0.8)).map(
  (queue) => ({ ...queue, serviceMs: queue.serviceMs * 4 }),
)

describe('response times are those of a queue whose answer is known', () => {
  it.each(SHORT)('$name at $utilisation', { timeout: 60_000, retry: 2 }, async (queue) => {
    const { quantiles, sent, requests } = await believableComparison(queue, 8)
    expect(sent).toBe(requests)
    expect(requests).toBeGreaterThan(150)
    // Within 3 % or 1 ms; the figures are there to be read when it is not.
    expect({ near: quantiles.every((pair) => shareOfAllowed(pair) <= 1), quantiles }).toEqual({
      near: true,
      quantiles,
    })
  })
})
