import type { AnyResult } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { assembleRehearsal } from './rehearsal.ts'
import { assembleCapacity, assembleDiagnosis, assembleRun, assembleWhatIf } from './single.ts'
import { assembleWatch } from './watched.ts'

/** The result of whatever command made this record: how `report` reads any run again. */
export function assemble(run: RunData): AnyResult {
  switch (run.header.command) {
    case 'rehearse':
      return assembleRehearsal(run)
    case 'capacity':
      return assembleCapacity(run, null)
    case 'whatif':
      return assembleWhatIf(run)
    case 'run':
      return assembleRun(run) ?? assembleRehearsal(run)
    case 'watch':
      return assembleWatch(run) ?? assembleDiagnosis(run)
    default:
      return assembleDiagnosis(run)
  }
}
