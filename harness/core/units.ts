/**
 * Units as people write them in a scenario or on the command line, read once at the edge.
 * Inside the program every number carries its unit in its name.
 */

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)$/
const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 }

/** Reads "300ms", "2s", "1.5m", "5min", "1h" as milliseconds; `null` when the text is no duration. */
export function readDurationMs(text: string): number | null {
  const match = DURATION.exec(text.trim())
  if (!match) return null
  return Number(match[1]) * (MS_PER[match[2]!] ?? 1)
}

/** Reads "5/s" or "300/min" as arrivals per second; `null` when the text is no rate. */
export function readPerSec(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*\/\s*(s|sec|m|min|h)$/.exec(text.trim())
  if (!match) return null
  const unit = match[2]!
  const seconds = unit.startsWith('s') ? 1 : unit.startsWith('m') ? 60 : 3600
  return Number(match[1]) / seconds
}

/** Reads "12x" or "12 x" as the factor 12; `null` when the text is no factor. */
export function readFactor(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*[x×]$/.exec(text.trim())
  return match ? Number(match[1]) : null
}

/** Reads "1%" as 0.01; `null` when the text is no percentage. */
export function readRatio(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())
  return match ? Number(match[1]) / 100 : null
}

const BYTES_PER: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
}

/** Reads "64kB", "8MB" or "8MiB" as bytes; `null` when the text is no size. */
export function readBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|KiB|MiB)$/.exec(text.trim())
  return match ? Math.round(Number(match[1]) * BYTES_PER[match[2]!]!) : null
}
