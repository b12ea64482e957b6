/**
 * Queues whose answer is known, to examine the harness with. Rates in 1/s, times in s; first come, first served; Poisson
 * arrivals. (Kleinrock, Queueing Systems 1, ch. 3 and 5; field notes §2.)
 */

/** Probability that an arrival has to wait at c exponential servers offered `erlangs` = λ ÷ μ < c. */
export function erlangC(servers: number, erlangs: number): number {
  let blocked = 1
  for (let k = 1; k <= servers; k++) blocked = (erlangs * blocked) / (k + erlangs * blocked)
  const utilisation = erlangs / servers
  return blocked / (1 - utilisation * (1 - blocked))
}

/** P(response > t) of M/M/c. */
export function mmcResponseTail(
  servers: number,
  perSec: number,
  servicePerSec: number,
  tSec: number,
): number {
  const erlangs = perSec / servicePerSec
  const waits = erlangC(servers, erlangs)
  const served = Math.exp(-servicePerSec * tSec)
  const spare = servers - 1 - erlangs
  // The two exponents are the same there, and the difference quotient becomes a derivative.
  if (Math.abs(spare) < 1e-9) return served * (1 + waits * servicePerSec * tSec)
  const drained = Math.exp(-(servers * servicePerSec - perSec) * tSec)
  return served + (waits * (served - drained)) / spare
}

/** P(wait ≤ t) of M/D/1 with service time `serviceSec` (Erlang 1909; Crommelin 1932). Exact to about 1e-6 up to 25 services. */
export function md1WaitCdf(perSec: number, serviceSec: number, tSec: number): number {
  if (tSec < 0) return 0
  const services = Math.floor(tSec / serviceSec + 1e-12)
  let sum = 0
  for (let k = 0; k <= services; k++) {
    // x ≤ 0: (x^k ÷ k!) · e^(−x), built up so that no factor overflows.
    const x = perSec * (k * serviceSec - tSec)
    let term = Math.exp(-x)
    for (let j = 1; j <= k; j++) term *= x / j
    sum += term
  }
  return Math.max(0, Math.min(1, (1 - perSec * serviceSec) * sum))
}

/** The time that a share q (0..1) of the responses of M/M/c do not exceed, s. */
export function mmcResponseQuantile(
  servers: number,
  perSec: number,
  servicePerSec: number,
  q: number,
): number {
  return invert((t) => 1 - mmcResponseTail(servers, perSec, servicePerSec, t), q, 1 / servicePerSec)
}

/** The same of M/D/1. */
export function md1ResponseQuantile(perSec: number, serviceSec: number, q: number): number {
  return invert((t) => md1WaitCdf(perSec, serviceSec, t - serviceSec), q, serviceSec)
}

function invert(cdf: (t: number) => number, q: number, scaleSec: number): number {
  let high = scaleSec
  while (cdf(high) < q) high *= 2
  let low = 0
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (cdf(middle) < q) low = middle
    else high = middle
  }
  return high
}
