import type { SegmentCheck } from '../check.ts'

/** A segment that was ended early may have failed already, but it cannot have passed. */
export const notCutShort: SegmentCheck = {
  name: 'not cut short',
  voids: 'pass',
  makes: 'inconclusive',
  examine({ end }) {
    if (!end) return null
    const held = end.aborted === null
    return {
      held,
      value: held ? 1 : 0,
      threshold: 1,
      says: held ? 'ran for as long as planned' : `cut short: ${end.aborted}`,
    }
  },
}
