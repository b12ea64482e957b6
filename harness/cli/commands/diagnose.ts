import { assembleDiagnosis } from '../../core/assemble/single.ts'
import { toJson } from '../../report/json.ts'
import { renderAnswer } from '../../report/terminal.ts'
import { openRun } from '../../store.ts'
import type { Context, Ending } from '../context.ts'

/** `diagnose <ref>`: what bound today's topology in a run made earlier. */
export function diagnoseCommand(context: Context, ref: string): Ending {
  const { run } = openRun(context.reports, ref)
  const result = assembleDiagnosis(run)
  context.stdout(
    context.options.json
      ? toJson(result)
      : `${renderAnswer(result, { colour: context.colour, width: context.columns, header: run.header })}\n`,
  )
  return result.exit
}
