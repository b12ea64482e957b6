import { assembleRun } from '../../core/assemble/single.ts'
import { HarnessError } from '../../core/errors.ts'
import { switchArm } from '../../experiment.ts'
import { driveSurge } from '../../rehearse.ts'
import { surgeSec } from '../../stage.ts'
import type { Context, Ending } from '../context.ts'
import { runStaged } from './staged.ts'

/** `run`: the surge once, on today's topology. */
export function runCommand(context: Context, scenario: string): Promise<Ending> {
  return runStaged(context, {
    name: 'run',
    scenario,
    budgetSec: { full: 120, quick: 90 },
    async act(stage, events) {
      events.phase('warming up', 4)
      await switchArm(stage.experiment, [])
      events.phase("the surge on today's shop", surgeSec(stage.traffic))
      await driveSurge(stage)
      await stage.conductor.checkInvariants(stage.scenario.invariants)
    },
    assemble(run) {
      const result = assembleRun(run)
      if (!result) throw new HarnessError({ code: 'bug', message: 'the record holds no surge' })
      return result
    },
  })
}
