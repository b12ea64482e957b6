/**
 * A histogram's pairs as a short text, for the record: an hour of seconds, routes and outcomes is more than a hundred
 * thousand histograms of some hundred buckets that mostly hold one time or two.
 *
 * Buckets are numbered as hdr-histogram-js numbers them at 2 significant digits (256 to the first octave, then 128 to an
 * octave). Each that holds something is a number: three times the buckets skipped since the one before, plus 0 for one
 * time, 1 for two, 2 when the count minus 3 follows as a number of its own. Numbers are written to the base of 45, low
 * digits first: in the first 45 characters of the alphabet the last digit, in the other 45 one that more follow.
 */
const ALPHABET = printable()
const BASE = ALPHABET.length / 2
const DIGITS = new Map([...ALPHABET].map((character, value) => [character, value]))
/** Bits of a value that its octave keeps: 8 of them are told apart in a bucket's number, the first always 1. */
const SUB_BUCKET_BITS = 8
const HALF = 2 ** (SUB_BUCKET_BITS - 1)

/** Value, count, value, count … in ascending order, as a text. */
export function packPairs(pairs: readonly number[]): string {
  let text = ''
  let before = -1
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const bucket = bucketOf(pairs[i]!)
    text += pair(bucket - before, pairs[i + 1]!)
    before = bucket
  }
  return text
}

/** The same from counts by bucket, those from `from` to before `to`. */
export function packCounts(counts: Uint32Array, from: number, to: number): string {
  let text = ''
  let before = -1
  for (let bucket = from; bucket < to; bucket++) {
    const count = counts[bucket]!
    if (count === 0) continue
    text += pair(bucket - before, count)
    before = bucket
  }
  return text
}

function pair(distance: number, count: number): string {
  const text = digits((distance - 1) * 3 + Math.min(2, count - 1))
  return count > 2 ? text + digits(count - 3) : text
}

/** The pairs again; a RangeError when the text is none that `packPairs` wrote. */
export function unpackPairs(text: string): number[] {
  const pairs: number[] = []
  let bucket = -1
  let at = 0
  const read = (): number => {
    let value = 0
    for (let unit = 1; ; unit *= BASE) {
      const digit = DIGITS.get(text[at++] ?? '')
      if (digit === undefined) throw new RangeError(`"${text.slice(0, 20)}…" is no packed histogram`)
      value += (digit % BASE) * unit
      if (digit < BASE) return value
    }
  }
  while (at < text.length) {
    const step = read()
    bucket += Math.floor(step / 3) + 1
    pairs.push(lowestOf(bucket), step % 3 === 2 ? read() + 3 : (step % 3) + 1)
  }
  return pairs
}

function digits(value: number): string {
  let text = ''
  let left = value
  while (left >= BASE) {
    text += ALPHABET[BASE + (left % BASE)]
    left = Math.floor(left / BASE)
  }
  return text + ALPHABET[left]
}

/** Printable ASCII without what JSON or HTML would have to escape. */
function printable(): string {
  const all = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i))
  return all.filter((character) => !'"\\<&'.includes(character)).join('')
}

/** The bucket's number; times are at most 120 s, so their bits fit 32. */
export function bucketOf(us: number): number {
  const octave = Math.max(0, 32 - SUB_BUCKET_BITS - Math.clz32(us))
  return octave * HALF + (us >>> octave)
}

/** The lowest value a bucket holds: what `toPairs` names it by. */
function lowestOf(bucket: number): number {
  const octave = Math.max(0, Math.floor(bucket / HALF) - 1)
  return (bucket - octave * HALF) * 2 ** octave
}
