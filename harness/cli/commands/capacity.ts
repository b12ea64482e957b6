import { assembleCapacity } from '../../core/assemble/single.ts'
import { measureArm } from '../../rehearse.ts'
import type { Context, Ending } from '../context.ts'
import { runStaged } from './staged.ts'

/** Writing the report and taking everything down, in seconds. */
const END_SEC = 6

/** `capacity`: the highest load today's topology carries, and whether it is at least what CI asks for. */
export function capacityCommand(
  context: Context,
  scenario: string | null,
  atLeastPerSec: number | null,
): Promise<Ending> {
  return runStaged(context, {
    name: 'capacity',
    scenario,
    budgetSec: { full: 90, quick: 45 },
    async act(stage, events) {
      const sliceSec = (stage.budgetEndsUs - stage.conductor.clock.nowUs()) / 1e6 - END_SEC
      await measureArm(stage, events, { fixes: [], sliceSec })
    },
    assemble: (run) => assembleCapacity(run, atLeastPerSec),
  })
}
