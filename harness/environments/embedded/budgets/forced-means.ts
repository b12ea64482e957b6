import { HarnessError } from '../../../core/errors.ts'
import { ISOLATION_MEANS } from '../../../core/record.ts'
import { candidateMeans } from './candidates.ts'

const VARIABLE = 'DOORBUSTER_BUDGETS'

/** The means that DOORBUSTER_BUDGETS asks for; throws a `usage` HarnessError where there is no such means here. */
export function forcedMeans(): string | undefined {
  const forced = process.env[VARIABLE]
  if (forced === undefined || forced === 'none') return forced
  const run = `trial-${process.pid}`
  const names = candidateMeans(run, process.pid, undefined).map(({ name }) => name)
  const [candidate] = candidateMeans(run, process.pid, forced)
  if (!candidate) {
    const known = ISOLATION_MEANS.some((name) => name === forced)
    throw refusal(
      `${VARIABLE}=${forced} ${known ? 'cannot be enforced on processes of this machine' : 'is no means of enforcing CPU budgets'}`,
      names,
    )
  }
  const made = candidate.make()
  if (typeof made === 'string') throw refusal(`${VARIABLE}=${forced} is not available here: ${made}`, names)
  made.close()
  return forced
}

function refusal(message: string, names: readonly string[]): HarnessError {
  return new HarnessError({
    code: 'usage',
    message,
    where: `environment variable ${VARIABLE}`,
    hint: `use one of ${[...names, 'none'].join(', ')}, or leave it out`,
  })
}
