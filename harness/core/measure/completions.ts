import type { SeriesLine } from '../record.ts'

/** Length of a generator reading when nothing tells it: the engine reports once a second. */
const USUAL_PERIOD_US = 1_000_000

/**
 * Clicks completed in each second after `startUs`, by second of completion, from the generator's readings. A reading
 * that reaches over the edge of a second is shared out by time.
 */
export function completionsBySecond(
  series: readonly SeriesLine[],
  startUs: number,
): ReadonlyMap<number, number> {
  const bySecond = new Map<number, number>()
  const previousUs = new Map<string, number>()
  for (const { probe, component, atUs, values } of series) {
    if (probe !== 'generator') continue
    const fromUs = previousUs.get(component) ?? atUs - USUAL_PERIOD_US
    previousUs.set(component, atUs)
    const completed = values['completed'] ?? 0
    if (completed === 0 || atUs <= fromUs) continue
    const from = (fromUs - startUs) / 1e6
    const to = (atUs - startUs) / 1e6
    for (let sec = Math.floor(from); sec < to; sec++) {
      const overlap = Math.min(to, sec + 1) - Math.max(from, sec)
      bySecond.set(sec, (bySecond.get(sec) ?? 0) + (completed * overlap) / (to - from))
    }
  }
  return bySecond
}
