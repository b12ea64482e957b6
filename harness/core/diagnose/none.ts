import type { Bottleneck, Evidence } from '../result.ts'
import type { Signals } from './signals.ts'
import { cpuTestimony, isSaturated, percent, waitingTestimony } from './testimony.ts'

/** No class stands: either everything held and nothing was at its limit, or it did not and the cause was not seen. */
export function noBottleneck(signals: Signals): Bottleneck {
  const { shopper, database, app } = signals
  const evidence: Evidence[] = [
    {
      layer: 'shopper',
      metric: 'objectivesBroken',
      value: shopper.broken.length,
      unit: 'objectives',
      threshold: 0,
      supports: shopper.held,
      says: shopper.held ? 'every objective held' : shopper.broken.join('; ') || 'too few clicks to judge',
    },
  ]
  for (const testimony of [
    cpuTestimony('database', database?.cpu ?? null, 'spare'),
    cpuTestimony('app', app?.cpu ?? null, 'spare'),
  ])
    if (testimony) evidence.push(testimony)
  const waiting = waitingTestimony(app)
  if (waiting) evidence.push({ ...waiting, supports: !waiting.supports })
  const cpus = [
    { name: 'database CPU', cpu: database?.cpu ?? null },
    { name: 'app CPU', cpu: app?.cpu ?? null },
  ]
  const seen = cpus.flatMap(({ cpu }) => (cpu ? [cpu.busyRatio] : []))
  const atLimit = cpus.flatMap(({ name, cpu }) =>
    cpu && isSaturated(cpu) ? [`${name} was at its limit (${percent(cpu.busyRatio)})`] : [],
  )
  return {
    class: 'none',
    resource: null,
    confidence: shopper.held ? 'likely' : 'not-confirmed',
    against: null,
    evidence,
    runnerUp: null,
    says:
      atLimit.length > 0
        ? `${atLimit.join(' and ')}, ${shopper.held ? 'and every objective held all the same' : 'but nothing else speaks for it as the cause'}`
        : !shopper.held
          ? 'nothing measured was at its limit: the cause was not seen'
          : seen.length > 0
            ? `nothing was at its limit: the busiest CPU was ${percent(Math.max(...seen))} used`
            : 'nothing that was measured was at its limit',
  }
}
