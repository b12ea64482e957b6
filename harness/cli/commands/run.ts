import { assembleRun } from '../../core/assemble/single.ts'
import { HarnessError } from '../../core/errors.ts'
import { believableSurge } from '../../rehearse.ts'
import type { Context, Ending } from '../context.ts'
import { runStaged } from './staged.ts'

/** `run`: the surge once, on today's topology. */
export function runCommand(context: Context, scenario: string | null): Promise<Ending> {
  return runStaged(context, {
    name: 'run',
    scenario,
    budgetSec: { full: 120, quick: 90 },
    async act(stage, events) {
      await believableSurge(stage, events, {
        fixes: [],
        crowd: 0,
        label: "the surge on today's shop",
        keepSec: 0,
      })
    },
    assemble(run) {
      const result = assembleRun(run)
      if (!result) throw new HarnessError({ code: 'bug', message: 'the record holds no surge' })
      return result
    },
  })
}
