import { diagnose } from '../diagnose/diagnose.ts'
import { watchWindows } from '../diagnose/watch-windows.ts'
import { generatorEnd } from '../generator-end.ts'
import type { WatchedLine } from '../record.ts'
import type { Diagnosis, WatchResult } from '../result.ts'
import type { RunData } from '../run-data.ts'
import { commonOf } from './common.ts'

/** What bound the system while somebody else's program drove the load. */
export function diagnoseWatched(run: RunData, watched: WatchedLine): Diagnosis | null {
  const { windows } = watchWindows(run, watched)
  const read = run.series.some(
    ({ probe, atUs }) =>
      (probe === 'database' || probe === 'app') && atUs > watched.startUs && atUs <= watched.endUs + 1e6,
  )
  return read && windows.length > 0 ? diagnose(run, windows) : null
}

/** The result of `watch`; `null` when the record ends before the load did. */
export function assembleWatch(run: RunData): WatchResult | null {
  const { watched } = run
  if (watched === null) return null
  const read = diagnoseWatched(run, watched)
  const diagnosis = read ?? NOTHING_READ
  const { firstSignSec, firstSign } = watchWindows(run, watched)
  const { program, exitCode } = watched
  const { bottleneck } = diagnosis
  return {
    ...commonOf(run, 'watch', {
      headline: !read
        ? `${generatorEnd(watched)}: nothing was read while it ran, so no cause can be told.`
        : bottleneck.class === 'none'
          ? seenNothing(run, firstSign)
          : bottleneck.says,
      exit: !read
        ? {
            code: 3,
            meaning: `${generatorEnd(watched)}, and nothing was read: no trustworthy answer either way`,
          }
        : exitCode === 0
          ? {
              code: 0,
              meaning: `${program} was watched to its end; whether its numbers are good is its to say`,
            }
          : {
              code: 1,
              meaning: `${program} ended with ${exitCode === null ? 'a signal' : `code ${exitCode}`}: that is its own verdict; the cause is ours`,
            },
    }),
    ...diagnosis,
    firstSignSec,
    firstSign,
    watched: { program, exitCode, durationSec: (watched.endUs - watched.startUs) / 1e6 },
    report: null,
  }
}

/** No class stands; a sign of the database without its cores is at least a suspicion. */
function seenNothing({ attached }: RunData, firstSign: string | null): string {
  if (firstSign === null) return 'Nothing that was watched was at its limit.'
  const cores = attached?.databaseCores === null ? '; --postgres-cores would tell more of its CPU' : ''
  return `No cause stands, but ${firstSign}${cores}.`
}

/** No layer was read while the load ran. */
export const NOTHING_READ: Diagnosis = {
  bottleneck: {
    class: 'none',
    resource: null,
    confidence: 'not-confirmed',
    against: null,
    evidence: [],
    runnerUp: null,
    says: 'nothing was read',
  },
  ruledOut: [],
  findings: [],
}
