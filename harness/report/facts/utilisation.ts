import type { ComponentRole, SeriesLine } from '../../core/record.ts'
import type { SegmentData } from '../../core/run-data.ts'

/** How busy one resource was: ratio of its limit, by seconds since the segment's start. */
export type ResourceUse = {
  readonly name: string
  /** What 100 % stands for: "0.20 cores", "10 connections". */
  readonly limit: string
  readonly points: readonly { readonly sec: number; readonly ratio: number }[]
  readonly maxRatio: number
}

const ORDER: readonly ComponentRole[] = [
  'database',
  'replica',
  'pooler',
  'cache',
  'app',
  'balancer',
  'generator',
]

/** CPU of every budgeted component, and the connection pool of every app instance, over one segment. */
export function utilisation(segment: SegmentData): readonly ResourceUse[] {
  const uses: ResourceUse[] = []
  for (const role of ORDER) {
    for (const component of componentsOf(segment.series, role)) {
      const readings = segment.series.filter((line) => line.role === role && line.component === component)
      const cpu = resourceUse(segment, `${component} CPU`, readings, cpuRatio, cpuLimit)
      const pool = resourceUse(segment, `${component} connection pool`, readings, poolRatio, poolLimit)
      uses.push(...[cpu, pool].filter((use) => use !== null))
    }
  }
  return uses
}

function resourceUse(
  segment: SegmentData,
  name: string,
  readings: readonly SeriesLine[],
  ratioOf: (line: SeriesLine) => number | null,
  limitOf: (line: SeriesLine) => string,
): ResourceUse | null {
  const points: { sec: number; ratio: number }[] = []
  let limit = ''
  for (const line of readings) {
    const ratio = ratioOf(line)
    if (ratio === null) continue
    points.push({ sec: (line.atUs - segment.line.startUs) / 1e6, ratio })
    limit = limitOf(line)
  }
  if (points.length < 2) return null
  return { name, limit, points, maxRatio: Math.max(...points.map(({ ratio }) => ratio)) }
}

/** Only of a component that has a budget: without one there is no 100 %. */
function cpuRatio({ probe, values }: SeriesLine): number | null {
  return probe === 'cpu' && values['budgetCores'] !== undefined ? (values['busyRatio'] ?? null) : null
}

function cpuLimit({ values }: SeriesLine): string {
  return `${(values['budgetCores'] ?? 0).toFixed(2)} cores`
}

function poolRatio({ probe, values }: SeriesLine): number | null {
  const { poolMax, poolTotal, poolIdle } = values
  if (probe !== 'app' || !poolMax || poolTotal === undefined || poolIdle === undefined) return null
  return (poolTotal - poolIdle) / poolMax
}

function poolLimit({ values }: SeriesLine): string {
  return `${values['poolMax'] ?? 0} connections`
}

function componentsOf(series: readonly SeriesLine[], role: ComponentRole): readonly string[] {
  return [...new Set(series.filter((line) => line.role === role).map(({ component }) => component))].sort()
}
