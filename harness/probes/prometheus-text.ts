/** One sample of the Prometheus text format. */
export type MetricSample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,?)/y
const VALUE = /^\s+(\S+)(?:\s+-?\d+)?\s*(?:#.*)?$/
const SPECIAL: Readonly<Record<string, number>> = {
  '+Inf': Number.POSITIVE_INFINITY,
  Inf: Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
}

/**
 * Reads the Prometheus text exposition format 0.0.4 (and what OpenMetrics adds at the end of a line). Comments are left
 * out, and so is any line that is not understood: a user's own app may write what it likes, the rest still counts.
 */
export function readPrometheusText(text: string): readonly MetricSample[] {
  const samples: MetricSample[] = []
  for (const line of text.split('\n')) {
    const sample = readLine(line.trim())
    if (sample) samples.push(sample)
  }
  return samples
}

function readLine(line: string): MetricSample | null {
  const name = NAME.exec(line)?.[0]
  if (name === undefined) return null
  let rest = line.slice(name.length)
  let labels: Readonly<Record<string, string>> = {}
  if (rest.trimStart().startsWith('{')) {
    const inside = rest.trimStart().slice(1)
    const read = readLabels(inside)
    if (read === null) return null
    labels = read.labels
    // A value may follow the brace at once; elsewhere it needs a blank before it.
    rest = ` ${inside.slice(read.length)}`
  }
  const value = VALUE.exec(rest)?.[1]
  if (value === undefined) return null
  const number = SPECIAL[value] ?? (/^[-+]?(\d|\.\d)/.test(value) ? Number(value) : Number.NaN)
  return Number.isNaN(number) && value !== 'NaN' ? null : { name, labels, value: number }
}

/** Reads `a="b",c="d"}` and says how long it is, the closing brace included; `null` when it is something else. */
function readLabels(text: string): { labels: Record<string, string>; length: number } | null {
  // Without a prototype: a label may be called "__proto__".
  const labels: Record<string, string> = Object.create(null)
  let at = 0
  let mayFollow = true
  for (;;) {
    LABEL.lastIndex = at
    const match: RegExpExecArray | null = mayFollow ? LABEL.exec(text) : null
    if (match === null) break
    labels[match[1]!] = unescapeLabel(match[2]!)
    mayFollow = match[3] === ','
    at = LABEL.lastIndex
  }
  const end = /^\s*\}/.exec(text.slice(at))
  return end ? { labels, length: at + end[0].length } : null
}

function unescapeLabel(text: string): string {
  return text.replace(/\\(.)/g, (whole, char: string) =>
    char === 'n' ? '\n' : char === '"' || char === '\\' ? char : whole,
  )
}
