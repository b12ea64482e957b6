import type { SegmentCheck } from '../check.ts'

/** The engine reported the end of the plan: without it nothing says that the load was sent. */
export const ranToEnd: SegmentCheck = {
  name: 'ran to its end',
  voids: 'any',
  makes: 'invalid',
  examine({ end }) {
    const held = end !== null
    return {
      held,
      value: held ? 1 : 0,
      threshold: 1,
      says: held ? 'the load ran to its end' : 'the load never came to its end',
    }
  },
}
