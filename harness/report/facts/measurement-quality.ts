import { fromPairs, quantileUs } from '../../core/measure/histogram.ts'
import type { RunData } from '../../core/run-data.ts'

export type MeasurementQuality = {
  readonly segments: number
  readonly clicksIntended: number
  readonly clicksDone: number
  readonly sendLagP50Ms: number | null
  readonly sendLagP99Ms: number | null
  /** The most CPU the load generator used in any segment, cores. */
  readonly generatorCores: number | null
  readonly voided: readonly string[]
}

/** How well the load was delivered, over every segment of the run. */
export function measurementQuality(run: RunData): MeasurementQuality {
  const ends = run.segments.flatMap(({ end }) => (end ? [end.engine] : []))
  const lag = fromPairs(...ends.map(({ sendLagUs }) => sendLagUs))
  const p50Us = quantileUs(lag, 0.5)
  const p99Us = quantileUs(lag, 0.99)
  return {
    segments: run.segments.length,
    clicksIntended: ends.reduce((sum, { clicksIntended }) => sum + clicksIntended, 0),
    clicksDone: ends.reduce((sum, { clicksDone }) => sum + clicksDone, 0),
    sendLagP50Ms: p50Us === null ? null : p50Us / 1000,
    sendLagP99Ms: p99Us === null ? null : p99Us / 1000,
    generatorCores: ends.length === 0 ? null : Math.max(...ends.map(({ cpuCores }) => cpuCores)),
    voided: run.events.filter(({ name }) => name === 'segment-voided').map(({ detail }) => detail),
  }
}
