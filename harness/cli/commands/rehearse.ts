import { assembleRehearsal } from '../../core/assemble/rehearsal.ts'
import { rehearse } from '../../rehearse.ts'
import type { Context, Ending } from '../context.ts'
import { runStaged } from './staged.ts'

/** `rehearse`: surge → cause → fixes → the same surge again on the winner → report. */
export function rehearseCommand(context: Context, scenario: string): Promise<Ending> {
  return runStaged(context, {
    name: 'rehearse',
    scenario,
    budgetSec: { full: 300, quick: 120 },
    act: rehearse,
    assemble: assembleRehearsal,
  })
}
