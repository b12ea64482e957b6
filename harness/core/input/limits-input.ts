import { z } from 'zod'
import type { LoadLimits, TrafficShape } from '../scenario.ts'
import { peakPerSec } from '../traffic/curve.ts'
import { drawTraffic } from '../traffic/shapes.ts'
import { readDurationMs, readPerSec } from '../units.ts'
import { knownKeys } from './known-keys.ts'
import type { Problem } from './problem.ts'
import { textOf } from './text-of.ts'
import { MAX_LASTS_SEC, MAX_PEAK_PER_SEC, MIN_LASTS_SEC } from './traffic-input.ts'

const MOST_IN_FLIGHT = 20_000
const MOST_REQUESTS = 100_000_000

export const DEFAULT_LIMITS: LoadLimits = {
  maxPerSec: MAX_PEAK_PER_SEC,
  maxInFlight: 4000,
  maxRequests: 10_000_000,
  maxDurationSec: MAX_LASTS_SEC,
}

function wholeUpTo(most: number) {
  const error = `a whole number from 1 to ${most}`
  return z.int({ error }).min(1, { error }).max(most, { error })
}

/** The ceilings of a scenario, within those that hold for all. */
export const LIMITS_INPUT = knownKeys({
  rate: textOf(`a rate above 0 and at most ${MAX_PEAK_PER_SEC}/s such as "500/s"`, (text) => {
    const perSec = readPerSec(text)
    return perSec !== null && perSec > 0 && perSec <= MAX_PEAK_PER_SEC ? perSec : null
  }).exactOptional(),
  inFlight: wholeUpTo(MOST_IN_FLIGHT).exactOptional(),
  requests: wholeUpTo(MOST_REQUESTS).exactOptional(),
  lasts: textOf('a duration from 5s to 30min such as "10min"', (text) => {
    const sec = (readDurationMs(text) ?? Number.NaN) / 1000
    return sec >= MIN_LASTS_SEC && sec <= MAX_LASTS_SEC ? sec : null
  }).exactOptional(),
})
  .transform(
    ({ rate, inFlight, requests, lasts }): LoadLimits => ({
      maxPerSec: rate ?? DEFAULT_LIMITS.maxPerSec,
      maxInFlight: inFlight ?? DEFAULT_LIMITS.maxInFlight,
      maxRequests: requests ?? DEFAULT_LIMITS.maxRequests,
      maxDurationSec: lasts ?? DEFAULT_LIMITS.maxDurationSec,
    }),
  )
  .default(DEFAULT_LIMITS)

/** Where a surge goes beyond its scenario's own ceilings; `path` is where the surge stands ("traffic"). */
export function beyondLimits(
  shape: TrafficShape,
  { maxPerSec, maxDurationSec }: LoadLimits,
  path: string,
): readonly Problem[] {
  // A replay sends what was written down, whatever the scenario calls its peak.
  const traffic = drawTraffic(shape, false)
  const highest = Math.max(traffic.peakPerSec, peakPerSec(traffic.curve))
  return [
    ...(highest > maxPerSec
      ? [
          {
            path: `${path}.peak`,
            expected: `a peak of at most ${maxPerSec}/s (limits.rate)`,
            got: `a peak of ${Number(highest.toPrecision(6))}/s`,
          },
        ]
      : []),
    ...(shape.lastsSec > maxDurationSec
      ? [
          {
            path: `${path}.lasts`,
            expected: `at most ${maxDurationSec} s (limits.lasts)`,
            got: `${shape.lastsSec} s`,
          },
        ]
      : []),
  ]
}
