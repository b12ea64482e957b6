import { median } from 'simple-statistics'
import type { SegmentCheck } from '../check.ts'

/** One thread can use one core; above 80 % of it, a queue of answers waiting to be read starts to show as response time. */
const HIGHEST_CORES = 0.8

/** The generator had CPU to spare: median over the readings, so that one busy second does not count. */
export const generatorCpu: SegmentCheck = {
  name: 'generator CPU',
  voids: 'any',
  makes: 'invalid',
  examine({ series, end }) {
    const readings = series.flatMap(({ probe, values }) =>
      probe === 'generator' && values['cpuCores'] !== undefined ? [values['cpuCores']] : [],
    )
    const value = readings.length > 0 ? median(readings) : end?.engine.cpuCores
    if (value === undefined) return null
    return {
      held: value <= HIGHEST_CORES,
      value,
      threshold: HIGHEST_CORES,
      says: `the generator used ${value.toFixed(2)} of a core (at most ${HIGHEST_CORES})`,
    }
  },
}
