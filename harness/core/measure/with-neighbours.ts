const FEWEST = 5
const FURTHEST_SEC = 2

/**
 * A second with fewer than 5 clicks is judged together with its neighbours: the window grows by one second on both
 * sides until it holds 5, at most by 2. Returns the seconds as [from, to).
 */
export function withNeighbours(counts: readonly number[], sec: number): readonly [from: number, to: number] {
  for (let reach = 0; ; reach++) {
    const from = Math.max(0, sec - reach)
    const to = Math.min(counts.length, sec + reach + 1)
    const count = counts.slice(from, to).reduce((sum, n) => sum + n, 0)
    if (count >= FEWEST || reach === FURTHEST_SEC) return [from, to]
  }
}
