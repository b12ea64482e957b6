import { assembleWhatIf } from '../../core/assemble/single.ts'
import { HarnessError } from '../../core/errors.ts'
import { FIX_IDS, type FixId } from '../../core/fixes.ts'
import { measureToday, tryFixes } from '../../rehearse.ts'
import type { Context, Ending } from '../context.ts'
import { runStaged } from './staged.ts'

/** `whatif`: today's capacity against that of each fix, without a surge. */
export function whatIfCommand(context: Context, scenario: string, fixes: readonly string[]): Promise<Ending> {
  const wanted = readFixes(fixes)
  return runStaged(context, {
    name: 'whatif',
    scenario,
    budgetSec: { full: 240, quick: 100 },
    async act(stage, events) {
      await measureToday(stage, events, { replaySec: 0, arms: wanted.length === 1 ? 2 : 4 })
      await tryFixes(stage, events, { replaySec: 0, only: wanted })
    },
    assemble: assembleWhatIf,
  })
}

/** Fix ids as given on the command line; none means all. */
function readFixes(given: readonly string[]): readonly FixId[] {
  const unknown = given.filter((id) => !(FIX_IDS as readonly string[]).includes(id))
  if (unknown.length > 0) {
    throw new HarnessError({
      code: 'usage',
      message: `no fix ${unknown.map((id) => `"${id}"`).join(', ')}`,
      where: '--fix',
      hint: `Fixes of this version: ${FIX_IDS.join(', ')}.`,
    })
  }
  return given as readonly FixId[]
}
