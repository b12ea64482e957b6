/** One line of a bench: a figure that was measured, beside what it must reach. */
export type Row = {
  readonly name: string
  /** What the figure must reach, and what it should, in words. */
  readonly must: string
  readonly aim?: string
  readonly measure: (bench: Bench) => Promise<Reading>
}

export type Reading = {
  /** The figure with its unit, and how it came about. */
  readonly figure: string
  readonly met: boolean
  readonly aimMet?: boolean
  /** What stands beside the figure: the parts of a ratio, other tools, spread. */
  readonly beside: readonly string[]
}

/** How long and how often rows measure. */
export type Bench = {
  readonly rounds: number
  /** Length of one measurement, seconds. */
  readonly sec: number
  readonly say: (text: string) => void
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** "1.32 (1.20–1.41)": median and range. */
export function spread(values: readonly number[], digits = 2): string {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
