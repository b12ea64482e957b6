/** The known word a person most likely meant, or `null` when none is near (edits > a third of the longer word). */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > 100) return null
  let best: string | null = null
  let fewest = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (edits <= Math.max(word.length, candidate.length) / 3 && edits < fewest) {
      fewest = edits
      best = candidate
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment, Damerau 1964). */
function editDistance(a: string, b: string): number {
  let older: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let edits = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) edits = Math.min(edits, older[j - 2]! + 1)
      row.push(edits)
    }
    older = previous
    previous = row
  }
  return previous[b.length]!
}
