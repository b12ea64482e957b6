import { z } from 'zod'
import { DEFAULT_HTTP, type HttpPlan } from '../plan.ts'
import { readBytes, readDurationMs } from '../units.ts'
import { knownKeys } from './known-keys.ts'
import { textOf } from './text-of.ts'

const LONGEST_MS = 60_000
const LARGEST_BYTES = 256 * 2 ** 20

const TIMEOUT = textOf('a duration above 0 and at most 60s such as "5s"', (text) => {
  const ms = readDurationMs(text)
  return ms !== null && ms > 0 && ms <= LONGEST_MS ? ms : null
})

function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words, { error: words.map((word) => `"${word}"`).join(' or ') }).exactOptional()
}

/** How shoppers' browsers talk to the shop, with every default filled in. */
export const HTTP_INPUT = knownKeys({
  connections: oneOf('shared', 'per-shopper'),
  certificates: oneOf('verified', 'any'),
  redirects: oneOf('follow', 'keep'),
  timeouts: knownKeys({
    connect: TIMEOUT.exactOptional(),
    headers: TIMEOUT.exactOptional(),
    body: TIMEOUT.exactOptional(),
  }).exactOptional(),
  maxBody: textOf('a size from 1kB to 256MB such as "8MB"', (text) => {
    const bytes = readBytes(text)
    return bytes !== null && bytes >= 1000 && bytes <= LARGEST_BYTES ? bytes : null
  }).exactOptional(),
  client: oneOf('own', 'undici'),
})
  .transform(
    ({ connections, certificates, redirects, timeouts = {}, maxBody, client }): HttpPlan => ({
      connections: connections ?? DEFAULT_HTTP.connections,
      certificates: certificates ?? DEFAULT_HTTP.certificates,
      redirects: redirects === 'keep' ? 0 : DEFAULT_HTTP.redirects,
      timeoutMs: { ...DEFAULT_HTTP.timeoutMs, ...timeouts },
      maxBodyBytes: maxBody ?? DEFAULT_HTTP.maxBodyBytes,
      client: client ?? DEFAULT_HTTP.client,
    }),
  )
  .default(DEFAULT_HTTP)
