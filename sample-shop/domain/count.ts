const counts = new Intl.NumberFormat('en-IE')

/** A number of things for people: 99996 → "99,996". */
export function formatCount(count: number): string {
  return count < 1000 ? String(count) : counts.format(count)
}
