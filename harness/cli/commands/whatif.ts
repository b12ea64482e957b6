import { assembleWhatIf } from '../../core/assemble/single.ts'
import { HarnessError } from '../../core/errors.ts'
import { FIX_IDS, FIXES, type FixId, type FixStep } from '../../core/fixes/index.ts'
import type { Topology } from '../../core/topology.ts'
import { armsToCome, measureToday, replayTakesSec, surgeWhereShed, tryFixes } from '../../rehearse.ts'
import type { Stage } from '../../stage.ts'
import type { Context, Ending } from '../context.ts'
import { runStaged } from './staged.ts'

/** `whatif`: today's capacity against that of each fix; the surge only where a fix turns shoppers away. */
export function whatIfCommand(
  context: Context,
  scenario: string | null,
  given: readonly string[],
): Promise<Ending> {
  const fixes = readFixes(given)
  return runStaged(context, {
    name: 'whatif',
    scenario,
    fixes,
    check: (today, levers) => (levers ? checkLevers(fixes, levers) : checkApplicable(fixes, today)),
    budgetSec: { full: 240, quick: 100 },
    async act(stage, events) {
      const shedding = fixes.filter((id) => FIXES[id].sheds).length
      const surges = shedding === 0 ? 0 : 1 + shedding
      const replaySec = surges * replayTakesSec(stage.traffic, stage.experiment.timing)
      if (surges > 0) refuseTooShort(stage, replaySec, 1 + armsToCome(stage))
      await measureToday(stage, events, { replaySec, arms: 1 + armsToCome(stage) })
      await tryFixes(stage, events, { replaySec })
      await surgeWhereShed(stage, events)
    },
    assemble: assembleWhatIf,
  })
}

/** Fix ids as given on the command line; none means those that are offered. */
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
  return [...new Set(given as readonly FixId[])]
}

/** What is kept for the surges is not there for the steps: less than this for each arm would tell of none. */
const ARM_SEC = 10
const STANDING_UP_SEC = 15

function refuseTooShort(stage: Stage, surgesSec: number, arms: number): void {
  const neededSec = Math.ceil(surgesSec + arms * ARM_SEC + stage.experiment.timing.endSec)
  const leftSec = (stage.budgetEndsUs - stage.conductor.clock.nowUs()) / 1e6
  if (leftSec >= neededSec) return
  throw new HarnessError({
    code: 'usage',
    message: `${Math.floor(leftSec)} s are too little for these fixes, which are judged by surges: they take about ${neededSec} s`,
    where: '--budget',
    hint: `--budget ${Math.ceil((neededSec + STANDING_UP_SEC) / 60)}m, or fewer fixes`,
  })
}

/** Minutes of measuring end with "not run" otherwise. */
function checkApplicable(fixes: readonly FixId[], today: Topology): void {
  const refused = fixes.flatMap((id) => {
    const applies = FIXES[id].appliesTo(today)
    return applies === true ? [] : [`${id}: ${applies}`]
  })
  if (refused.length === 0) return
  throw new HarnessError({
    code: 'usage',
    message: `not applicable to today's topology:\n${refused.map((line) => `  ${line}`).join('\n')}`,
    where: '--fix',
    hint: `Applicable: ${FIX_IDS.filter((id) => FIXES[id].appliesTo(today) === true).join(', ')}.`,
  })
}

/** On a system that is not ours only its user's levers can be tried. */
function checkLevers(fixes: readonly FixId[], levers: readonly FixStep[]): void {
  const without = fixes.filter((id) => !levers.some((lever) => lever.id === id))
  if (without.length === 0) return
  const ids = [...new Set(levers.map(({ id }) => id))]
  throw new HarnessError({
    code: 'usage',
    message: `no lever for ${without.join(', ')}: the system that is attached to has ${ids.length > 0 ? `those for ${ids.join(', ')}` : 'none'}`,
    where: '--fix',
    hint: 'Levers are commands of yours, in the file that --env names.',
  })
}
