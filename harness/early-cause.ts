import { earlyCause } from './core/assemble/today.ts'
import type { StepResult } from './core/result.ts'
import type { RehearsalEvents } from './rehearse.ts'
import type { Stage } from './stage.ts'

/** Told by then, doubtful or not, seconds after the start: people wait for it. */
const LATEST_SEC = 90

/**
 * Tells the cause once, as early as it can be told. A surge that climbs within a second may drive two resources to their
 * limit at once; the first steps of today's capacity search around the limit say which comes first.
 */
export type CauseTeller = {
  readonly afterSurge: () => void
  readonly afterStep: (step: StepResult) => void
  /** Today's topology has been measured: nothing more will be learnt before fixes are tried. */
  readonly afterSearch: () => void
}

export function causeTeller({ conductor }: Stage, events: RehearsalEvents): CauseTeller {
  let told = false
  let limitSeen = false
  const tell = (says: string) => {
    told = true
    conductor.event('phase', 'cause')
    events.say(says)
  }
  return {
    afterSurge: () => {
      const { between } = earlyCause(conductor.data())
      const suspected = between.length > 0 ? ` (suspected: ${between.join(' or ')})` : ''
      events.say(`the surge does not hold${suspected}; steps around the limit tell the cause`)
    },
    afterStep: ({ verdict }) => {
      if (told) return
      const late = conductor.clock.nowUs() >= LATEST_SEC * 1e6
      limitSeen ||= verdict === 'fail'
      if (!limitSeen && !late) return
      const cause = earlyCause(conductor.data())
      if (cause.sure || late) tell(cause.says)
    },
    afterSearch: () => {
      if (!told) tell(earlyCause(conductor.data()).says)
    },
  }
}
