/**
 * What pass/fail steps say about capacity: a Bayesian psychometric posterior on log load (QUEST, Watson & Pelli 1983,
 * doi:10.3758/BF03202828; the slope is marginalised as in Kontsevich & Tyler 1999).
 *
 *   P(pass | load, C, s) = LUCKY + (1 − LUCKY − UNLUCKY) · logistic((ln C − ln load) / s)
 *
 * C is the load that passes half of its steps; s is how noisy a step near C is. A step may fail through bad luck (another
 * process took the CPU) more easily than it passes through good luck, so no single step can rule a load out.
 */
const UNLUCKY = 0.03
const LUCKY = 0.001

/**
 * Noise of a step on the log axis, and how likely each is before anything is measured. Steps of a few seconds near the
 * limit have s ≈ 0.03 to 0.1 (the tail fraction of some hundred to some thousand clicks). This prior was chosen for the
 * coverage it gives on queues whose capacity is known (`search.test.ts`): a wider one needs more steps, a narrower one
 * is over-confident.
 */
const SLOPES = [
  { s: 0.025, weight: 0.3 },
  { s: 0.05, weight: 0.45 },
  { s: 0.1, weight: 0.25 },
] as const

/** Spacing of the grid: 1 %, far below any interval a search can reach. */
const STEP_LN = 0.01
/** Grid points with less probability than this say nothing about the next step. */
const NEGLIGIBLE = 1e-6

export type Posterior = {
  /** ln of the lowest capacity on the grid. */
  readonly fromLn: number
  readonly points: number
  /** Joint probability: `mass[slope * points + point]`; adds up to 1. */
  readonly mass: Float64Array
}

/** A flat prior on log capacity between two loads (same unit as the loads of the steps). */
export function flatPosterior(lowest: number, highest: number): Posterior {
  const fromLn = Math.log(lowest)
  const points = Math.max(2, Math.ceil((Math.log(highest) - fromLn) / STEP_LN) + 1)
  const mass = new Float64Array(points * SLOPES.length)
  SLOPES.forEach(({ weight }, slope) => {
    mass.fill(weight / points, slope * points, (slope + 1) * points)
  })
  return { fromLn, points, mass }
}

/** The posterior after one more step at `load` that passed or failed. */
export function weighStep(posterior: Posterior, load: number, passed: boolean): Posterior {
  const { points } = posterior
  const mass = new Float64Array(posterior.mass.length)
  const loadLn = Math.log(load)
  let total = 0
  SLOPES.forEach(({ s }, slope) => {
    for (let point = 0; point < points; point++) {
      const index = slope * points + point
      const pass = passChance(lnAt(posterior, point) - loadLn, s)
      const value = posterior.mass[index]! * (passed ? pass : 1 - pass)
      mass[index] = value
      total += value
    }
  })
  for (let index = 0; index < mass.length; index++) mass[index]! /= total
  return { ...posterior, mass }
}

/** Probability of each capacity on the grid, whatever the noise: `[capacity, probability]`, ascending. */
export function marginal(
  posterior: Posterior,
): readonly (readonly [capacity: number, probability: number])[] {
  const { points, mass } = posterior
  return Array.from({ length: points }, (_, point) => {
    let probability = 0
    for (let slope = 0; slope < SLOPES.length; slope++) probability += mass[slope * points + point]!
    return [Math.exp(lnAt(posterior, point)), probability] as const
  })
}

/** Share q (0..1) of the probability lies at or below this capacity; between grid points it is interpolated. */
export function posteriorQuantile(posterior: Posterior, q: number): number {
  let below = 0
  let previous = posterior.fromLn
  for (const [capacity, probability] of marginal(posterior)) {
    const here = Math.log(capacity)
    if (below + probability >= q)
      return Math.exp(previous + ((here - previous) * (q - below)) / (probability || 1))
    below += probability
    previous = here
  }
  return Math.exp(previous)
}

/**
 * Information about capacity (in nats) that a step at `load` is expected to bring: H(pass) − E[H(pass | C)]. The load
 * where it is largest is the best next step (Kontsevich & Tyler 1999, with the slope as a nuisance).
 */
export function expectedInformation(posterior: Posterior, load: number): number {
  const { points, mass } = posterior
  const loadLn = Math.log(load)
  let passOverall = 0
  let entropyWithin = 0
  for (let point = 0; point < points; point++) {
    let here = 0
    for (let slope = 0; slope < SLOPES.length; slope++) here += mass[slope * points + point]!
    if (here < NEGLIGIBLE) continue
    const distance = lnAt(posterior, point) - loadLn
    let pass = 0
    for (let slope = 0; slope < SLOPES.length; slope++)
      pass += mass[slope * points + point]! * passChance(distance, SLOPES[slope]!.s)
    passOverall += pass
    entropyWithin += here * entropy(pass / here)
  }
  return entropy(passOverall) - entropyWithin
}

/**
 * Width of the 95 % interval on the log axis, ln(high ÷ low), that is to be expected after a step at `load`: each outcome
 * weighed by how likely it is. Information prefers the middle; only width closes an end that is still open.
 */
export function expectedWidth(posterior: Posterior, load: number): number {
  const chance = expectedPass(posterior, load)
  return (
    chance * widthLn(weighStep(posterior, load, true)) +
    (1 - chance) * widthLn(weighStep(posterior, load, false))
  )
}

function widthLn(posterior: Posterior): number {
  return Math.log(posteriorQuantile(posterior, 0.975) / posteriorQuantile(posterior, 0.025))
}

function expectedPass(posterior: Posterior, load: number): number {
  const { points, mass } = posterior
  const loadLn = Math.log(load)
  return mass.reduce((sum, probability, index) => {
    const distance = lnAt(posterior, index % points) - loadLn
    return sum + probability * passChance(distance, SLOPES[Math.floor(index / points)]!.s)
  }, 0)
}

function lnAt(posterior: Posterior, point: number): number {
  return posterior.fromLn + point * STEP_LN
}

function passChance(distanceLn: number, s: number): number {
  return LUCKY + (1 - LUCKY - UNLUCKY) / (1 + Math.exp(-distanceLn / s))
}

function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p)
}
