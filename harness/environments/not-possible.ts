import { HarnessError } from '../core/errors.ts'
import type { FixStep } from '../core/fixes/index.ts'

/** The refusal of an arm that today's topology or this machine cannot take. */
export function notPossible(fixes: readonly FixStep[], reason: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `these fixes cannot be applied here: ${reason}`,
    where: fixes.map(({ id, step }) => `${id} to ${step}`).join(', '),
    hint: 'take a smaller step, or run on a machine with more cores',
  })
}
