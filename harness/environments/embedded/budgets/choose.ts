import type { Isolation } from '../../../core/record.ts'
import { probeBinding } from './bind-probe.ts'
import { cgroupV1 } from './cgroup-v1.ts'
import { dutyCycle } from './duty-cycle.ts'
import type { BudgetMeans } from './means.ts'
import { unbudgeted } from './unbudgeted.ts'

/** `DOORBUSTER_BUDGETS` forces one means: `cgroup-v1`, `duty-cycle` or `none`. */
export type ForcedMeans = string | undefined

/** The means to try, in order of how closely they imitate a smaller server. The last one always works. */
export function candidateMeans(run: string, forced: ForcedMeans): (() => BudgetMeans | null)[] {
  const all = { 'cgroup-v1': () => cgroupV1(run), 'duty-cycle': dutyCycle }
  const wanted = Object.entries(all).filter(([name]) => forced === undefined || forced === name)
  return [...wanted.map(([, make]) => make), unbudgeted]
}

/** The first of these that exists here. */
export function firstAvailable(candidates: (() => BudgetMeans | null)[]): BudgetMeans {
  for (let make = candidates.shift(); make; make = candidates.shift()) {
    const means = make()
    if (means) return means
  }
  return unbudgeted()
}

/**
 * Finds the first means that a one-second probe shows to bind within 10 %, starting from the one in use; `replace` is
 * called whenever one is rejected for the next.
 */
export async function chooseBinding(
  current: BudgetMeans,
  rest: (() => BudgetMeans | null)[],
  adopt: (pid: number) => void,
  replace: (next: BudgetMeans) => void,
): Promise<Isolation> {
  let means = current
  while (means.periodMs !== null) {
    const { missedBy, binds } = await probeBinding(means, adopt)
    if (binds) return { means: means.name, bindsWithin: missedBy, periodMs: means.periodMs }
    means = firstAvailable(rest)
    replace(means)
  }
  return { means: 'none', bindsWithin: null, periodMs: null }
}
