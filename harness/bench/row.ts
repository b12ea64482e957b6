import { median } from 'simple-statistics'

/** One line of a bench; some measure several figures at once. */
export type Row = {
  readonly name: string
  readonly measure: (bench: Bench) => Promise<readonly Figure[]>
}

/** What was measured, beside what it must reach. */
export type Figure = {
  /** What it is a figure of, unit left out: "CPU per request at 5,000/s against autocannon". */
  readonly what: string
  readonly measured: number
  /** "×", "/s", "MB", "%". */
  readonly unit: string
  readonly must: { readonly atMost: number } | { readonly atLeast: number }
  /** What it should reach, in the same direction. */
  readonly aim?: number
  /** Smallest and largest of `n` rounds, of which `measured` is the median. */
  readonly low?: number
  readonly high?: number
  readonly n?: number
  /** What stands beside it: the parts of a ratio, other tools on the same server. */
  readonly beside?: Readonly<Record<string, number>>
  readonly notes?: readonly string[]
}

/** How long and how often rows measure. */
export type Bench = {
  readonly rounds: number
  /** Length of one measurement, seconds. */
  readonly sec: number
  readonly say: (text: string) => void
}

/** A figure reaches its bound; one that could not be measured (NaN) does not. */
export function holds({ measured, must }: Pick<Figure, 'measured' | 'must'>): boolean {
  return 'atMost' in must ? measured <= must.atMost : measured >= must.atLeast
}

/** Whether the aim is reached as well; `null`: there is none. */
export function aimReached({ measured, must, aim }: Figure): boolean | null {
  if (aim === undefined) return null
  return holds({ measured, must: 'atMost' in must ? { atMost: aim } : { atLeast: aim } })
}

/** Median, range and number of rounds, as a figure holds them. */
export function spread(values: readonly number[]): Required<Pick<Figure, 'measured' | 'low' | 'high' | 'n'>> {
  return {
    measured: median([...values]),
    low: Math.min(...values),
    high: Math.max(...values),
    n: values.length,
  }
}
