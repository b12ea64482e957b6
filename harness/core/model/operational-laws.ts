import { linearRegression, mean, median } from 'simple-statistics'
import type { ArmLine } from '../record.ts'
import type { RunData } from '../run-data.ts'
import type { Topology } from '../topology.ts'
import {
  type LoadPoint,
  loadPoints,
  RESOURCES,
  type Resource,
  settlingPoints,
  surgePoints,
} from './load-points.ts'

/**
 * Operational laws (Denning & Buzen 1978; field notes §2): utilisation law U = X · D, and the bottleneck bound
 * X ≤ min over resources of budget ÷ D. U is CPU in use, in cores; X is shoppers/s; D is core-seconds a shopper costs.
 */
export type ServiceDemand = {
  /** Core-seconds one shopper costs this resource, over all its components. */
  readonly demandSec: number
  /** Cores each component uses without any shopper. */
  readonly idleCores: number
  readonly components: number
  /** Steps or seconds it was fitted on. */
  readonly points: number
  /** `fitted`: a line through steps ≥ 50 % of capacity; `rough`: too few of those, so all there is. */
  readonly method: 'fitted' | 'rough'
}

/** `null`: the resource was not read, or its use did not grow with the load. */
export type ServiceDemands = Readonly<Record<Resource, ServiceDemand | null>>

export type PredictedCapacity = { readonly perSec: number; readonly limitedBy: Resource }

/** A line needs this many points, and loads that differ by this factor, or its intercept is an artefact. */
const FEWEST_POINTS = 3
const SPREAD = 1.25
/** One event loop uses at most one core, whatever its budget. */
const CORES_OF_ONE_LOOP = 1

/**
 * Service demand of each resource in one arm, in core-seconds per shopper, fitted on the arm's steps, or on the healthy
 * seconds of its surge when it had no steps. Only load of at least half the highest carried counts for the fit (idle
 * wake-ups make a click look twice as dear at low load, DESIGN §8); with fewer than three such points all are used. Steps
 * lie close to the limit, where use hardly changes any more: what a resource uses without load is therefore no more than
 * it used in the calmest seconds of this topology.
 */
export function serviceDemands(run: RunData, arm = 0): ServiceDemands {
  const points = loadPoints(run, arm)
  const calm = calmPoints(run, arm)
  const demands: Partial<Record<Resource, ServiceDemand | null>> = {}
  for (const resource of RESOURCES) demands[resource] = demandOf(points, calm, resource)
  return demands as ServiceDemands
}

/** The calmest seconds of surges and settling on the same topology: at most a quarter of the load that was carried. */
function calmPoints(run: RunData, arm: number): LoadPoint[] {
  const fixes = (line: ArmLine | undefined) => JSON.stringify(line?.fixes ?? [])
  const own = fixes(run.arms.find((line) => line.arm === arm))
  const alike = run.arms.filter((line) => fixes(line) === own).map((line) => line.arm)
  const points = alike.flatMap((each) => [...surgePoints(run, each), ...settlingPoints(run, each)])
  const carried = [...points, ...alike.flatMap((each) => loadPoints(run, each))]
  const highest = Math.max(...carried.map(({ perSec }) => perSec))
  return points.filter(({ perSec }) => perSec <= highest / 4)
}

function demandOf(
  points: readonly LoadPoint[],
  calm: readonly LoadPoint[],
  resource: Resource,
): ServiceDemand | null {
  const read = points.flatMap(({ perSec, used }) => {
    const reading = used[resource]
    return reading && perSec > 0 ? [{ perSec, ...reading }] : []
  })
  if (read.length === 0) return null
  const components = Math.max(...read.map((point) => point.components))
  const idle = calm.flatMap(({ used }) => used[resource]?.cores ?? [])
  const mostIdle = idle.length >= FEWEST_POINTS ? median(idle) : Math.min(...idle)
  const highest = Math.max(...read.map(({ perSec }) => perSec))
  const high = read.filter(({ perSec }) => perSec >= highest / 2)
  const fitted = fitLine(high, mostIdle)
  if (fitted) return { ...perComponent(fitted, components), points: high.length, method: 'fitted' }
  const rough = fitLine(read, mostIdle, 2)
  if (rough) return { ...perComponent(rough, components), points: read.length, method: 'rough' }
  // Utilisation law through the origin: D = ΣU ÷ ΣX.
  const demandSec = mean(high.map(({ cores }) => cores)) / mean(high.map(({ perSec }) => perSec))
  if (!(demandSec > 0)) return null
  return { demandSec, idleCores: 0, components, points: high.length, method: 'rough' }
}

type Line = { readonly demandSec: number; readonly interceptCores: number }

function fitLine(
  points: readonly { readonly perSec: number; readonly cores: number }[],
  mostIdle: number,
  fewest = FEWEST_POINTS,
): Line | null {
  const loads = points.map(({ perSec }) => perSec)
  if (points.length < fewest || Math.max(...loads) < SPREAD * Math.min(...loads)) return null
  const { m, b } = linearRegression(points.map(({ perSec, cores }) => [perSec, cores]))
  // No component gives CPU back, and none idles above its calmest seconds: beyond these bounds an intercept is noise.
  const interceptCores = Math.min(mostIdle, Math.max(0, b))
  if (interceptCores === b) return { demandSec: m, interceptCores }
  // Least squares through that point instead.
  const product = points.reduce((sum, { perSec, cores }) => sum + perSec * (cores - interceptCores), 0)
  const square = loads.reduce((sum, perSec) => sum + perSec ** 2, 0)
  return product > 0 ? { demandSec: product / square, interceptCores } : null
}

function perComponent(line: Line, components: number) {
  return { demandSec: line.demandSec, idleCores: line.interceptCores / components, components }
}

/**
 * Highest load each resource alone could carry on this topology, shoppers/s, when it may be used up to
 * `utilisation` (0..1) of its budget. A resource whose demand is not known bounds nothing.
 */
export function resourceBounds(
  demands: ServiceDemands,
  topology: Topology,
  utilisation: number,
): Readonly<Record<Resource, number>> {
  const bounds: Partial<Record<Resource, number>> = {}
  for (const resource of RESOURCES) {
    const demand = demands[resource]
    const { components, coresEach } = budgetOf(topology, resource)
    bounds[resource] = demand
      ? Math.max(0, (components * (coresEach * utilisation - demand.idleCores)) / demand.demandSec)
      : Number.POSITIVE_INFINITY
  }
  return bounds as Readonly<Record<Resource, number>>
}

/** Capacity predicted from demands: the lowest bound, and whose it is; `null` when no demand is known. */
export function predictCapacity(
  demands: ServiceDemands,
  topology: Topology,
  utilisation: number,
): PredictedCapacity | null {
  const bounds = resourceBounds(demands, topology, utilisation)
  const [limitedBy, perSec] = RESOURCES.map((resource) => [resource, bounds[resource]] as const).reduce(
    (least, bound) => (bound[1] < least[1] ? bound : least),
  )
  return Number.isFinite(perSec) ? { perSec, limitedBy } : null
}

/**
 * How much of its budget the busiest resource used at the measured capacity (0..1): an SLO breaks before a budget is
 * used up, and as the same SLO holds for the fix, so does this share. Kept within 0.5 and 1.
 */
export function utilisationAtCapacity(
  demands: ServiceDemands,
  topology: Topology,
  capacityPerSec: number,
): number {
  const shares = RESOURCES.flatMap((resource) => {
    const demand = demands[resource]
    const { components, coresEach } = budgetOf(topology, resource)
    if (!demand || components * coresEach <= 0) return []
    return [(components * demand.idleCores + capacityPerSec * demand.demandSec) / (components * coresEach)]
  })
  return shares.length === 0 ? 1 : Math.min(1, Math.max(0.5, ...shares))
}

function budgetOf(topology: Topology, resource: Resource): { components: number; coresEach: number } {
  switch (resource) {
    case 'database':
      return { components: 1, coresEach: topology.database.cpu }
    case 'app':
      return {
        components: topology.app.instances,
        coresEach: Math.min(CORES_OF_ONE_LOOP, topology.app.cpu),
      }
    case 'balancer':
      return {
        components: topology.balancer.engine === 'none' ? 0 : 1,
        coresEach: Math.min(CORES_OF_ONE_LOOP, topology.balancer.cpu),
      }
  }
}
