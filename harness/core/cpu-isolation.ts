import type { BottleneckClass } from './bottleneck.ts'
import { applyFixes, armLabel, type FixStep } from './fixes/index.ts'
import type { Diagnosis } from './result.ts'
import type { RunData } from './run-data.ts'
import type { Topology } from './topology.ts'

const CPU_CLASSES: readonly BottleneckClass[] = ['database-cpu', 'app-cpu']

const NOT_ISOLATED = 'CPU not isolated: nothing here holds a component to its budget'

/**
 * Whether components were held to the CPU that the topology gives them. A system that Doorbuster did not start has the
 * machines it has: what is seen of them counts.
 */
export function isCpuIsolated({ arms, attached }: Pick<RunData, 'arms' | 'attached'>): boolean {
  return attached !== null || arms.every(({ isolation }) => isolation.means !== 'none')
}

/** Why no verdict can be given on fixes that change budgets which nothing enforces; `null`: they change none. */
export function withheldFix(today: Topology, fixes: readonly FixStep[]): string | null {
  const [before, after] = [today, applyFixes(today, fixes)].map(budgetsOf)
  return before === after
    ? null
    : `${NOT_ISOLATED}, so that what ${armLabel(fixes, today)} brings cannot be told`
}

/** Whether a class speaks of budgets. */
export function isCpuClass(name: BottleneckClass): boolean {
  return CPU_CLASSES.includes(name)
}

/** A cause that speaks of budgets which nothing enforced: it stands, as not confirmed, with the reason. */
export function withheldCause(diagnosis: Diagnosis): Diagnosis {
  const { bottleneck, findings } = diagnosis
  if (!isCpuClass(bottleneck.class)) return diagnosis
  const says = `${bottleneck.says} (${NOT_ISOLATED})`
  return {
    ...diagnosis,
    bottleneck: { ...bottleneck, says, confidence: 'not-confirmed', against: null },
    findings: findings.map((finding) => (isCpuClass(finding.class) ? { ...finding, says } : finding)),
  }
}

/** All that a topology says of CPU, to be compared. */
function budgetsOf({ balancer, app, database }: Topology): string {
  return JSON.stringify([balancer.cpu, app.instances, app.cpu, database.cpu])
}
