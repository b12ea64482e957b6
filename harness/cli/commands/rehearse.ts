import { assembleRehearsal } from '../../core/assemble/rehearsal.ts'
import { rehearse, replayTakesSec } from '../../rehearse.ts'
import type { Context, Ending } from '../context.ts'
import { runStaged } from './staged.ts'

/** `rehearse`: surge → cause → fixes → the same surge again on the winner, `replays` times → report. */
export function rehearseCommand(context: Context, scenario: string | null, replays: number): Promise<Ending> {
  return runStaged(context, {
    name: 'rehearse',
    scenario,
    fallback: 'black-friday',
    budgetSec: { full: 300, quick: 120 },
    extraSec: (traffic, timing) => (replays - 1) * replayTakesSec(traffic, timing),
    act: (stage, events) => rehearse(stage, events, replays),
    assemble: assembleRehearsal,
  })
}
