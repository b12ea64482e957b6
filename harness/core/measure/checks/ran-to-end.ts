import type { SegmentCheck } from '../check.ts'

/**
 * The engine reported the end of the plan: without it nothing says that the load was sent. A plan that one of our own
 * ceilings ended was not sent either: we stopped, not the shop.
 */
export const ranToEnd: SegmentCheck = {
  name: 'ran to its end',
  voids: 'any',
  makes: 'invalid',
  examine({ end }) {
    const ceiling = end?.abortedBy === 'ceiling' ? end.aborted : null
    const held = end !== null && ceiling === null
    return {
      held,
      value: held ? 1 : 0,
      threshold: 1,
      says: ceiling !== null ? `we ended the load: ${ceiling}` : saysEnd(held),
    }
  },
}

function saysEnd(held: boolean): string {
  return held ? 'the load ran to its end' : 'the load never came to its end'
}
