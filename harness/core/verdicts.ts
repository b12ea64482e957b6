import type { ArmResult, Capacity, Estimate, FixVerdict } from './result.ts'

export type PeakAsked = { readonly peakPerSec: number; readonly keepHeadroom: number }

type Interval = Pick<Capacity, 'perSec' | 'low' | 'high'>

/**
 * What a fix's measured capacity says of it (DESIGN §4). `because` is the sentence behind it, with figures; loads are in
 * shoppers/s. An arm without a capacity (its steps were invalid, time ran out) is inconclusive.
 */
export function fixVerdict(
  arm: { readonly capacity: Interval | null; readonly ratio: Estimate | null },
  baseline: Interval,
  { peakPerSec, keepHeadroom }: PeakAsked,
): { readonly verdict: FixVerdict; readonly because: string } {
  const { capacity, ratio } = arm
  if (!capacity || !ratio) return { verdict: 'inconclusive', because: 'its capacity could not be measured' }
  const neededPerSec = peakPerSec * (1 + keepHeadroom)
  const range = `${whole(capacity.low)}–${whole(capacity.high)}`
  const asked =
    keepHeadroom > 0
      ? `the peak of ${whole(peakPerSec)} with ${percent(keepHeadroom)} headroom`
      : `the peak of ${whole(peakPerSec)}`
  if (baseline.low < neededPerSec && capacity.low >= neededPerSec)
    return { verdict: 'fixes', because: `even the lower end of ${range} shoppers/s carries ${asked}` }
  if (ratio.low > 1) {
    const short =
      capacity.high < neededPerSec
        ? `covers ${percent(capacity.perSec / peakPerSec)} of the peak`
        : `${range} shoppers/s does not surely carry ${asked}`
    return {
      verdict: 'helps',
      because: `×${factor(ratio.estimate)}, at least ×${factor(ratio.low)}; ${short}`,
    }
  }
  if (ratio.high < 1)
    return {
      verdict: 'harms',
      because: `capacity falls to ${percent(ratio.estimate)} of today's, at most ${percent(ratio.high)}`,
    }
  // Whatever gain hides in the noise could not carry the peak (or nothing had to be gained). Two bounds of the same load:
  // what the fixed topology itself carried at most, and today's with the highest gain; the lower one holds.
  const bound = Math.min(capacity.high, ratio.high * baseline.high)
  if (bound < peakPerSec)
    return {
      verdict: 'no-effect',
      because: `alone it buys nothing: any gain is below ×${factor(ratio.high)}, so at most ${whole(bound)} of the ${whole(peakPerSec)} shoppers/s at the peak`,
    }
  if (baseline.low >= neededPerSec)
    return {
      verdict: 'no-effect',
      because: `today already carries ${asked}; any gain is below ×${factor(ratio.high)}`,
    }
  return {
    verdict: 'inconclusive',
    because: `×${factor(ratio.low)} to ×${factor(ratio.high)} of today: too wide to tell whether it helps`,
  }
}

/**
 * What a fix's measured capacity says of it where today's could not be measured (`todaysSurgeBroke`: its surge was driven,
 * and was not held): it may carry what today did not. By how much it is better is unknown.
 */
export function verdictWithoutToday(
  capacity: Interval,
  todaysSurgeBroke: boolean,
  { peakPerSec, keepHeadroom }: PeakAsked,
): { readonly verdict: FixVerdict; readonly because: string } {
  const neededPerSec = peakPerSec * (1 + keepHeadroom)
  if (!todaysSurgeBroke || capacity.low < neededPerSec)
    return {
      verdict: 'inconclusive',
      because: "today's capacity could not be measured: there is nothing to compare this with",
    }
  return {
    verdict: 'fixes',
    because: `even the lower end of ${whole(capacity.low)}–${whole(capacity.high)} shoppers/s carries the ${whole(neededPerSec)} asked for; today's surge broke, and its capacity could not be measured`,
  }
}

/**
 * The fixes worth replaying the surge on, in that order: those that hold, the cheapest first; then, for want of them,
 * those expected to carry the peak although their interval does not yet say so. The replay decides.
 */
export function candidatesToReplay(arms: readonly ArmResult[], peakPerSec: number): ArmResult[] {
  const perSec = (arm: ArmResult) => arm.capacity?.perSec ?? 0
  const holds = arms
    .filter(({ verdict }) => verdict === 'fixes')
    .sort((a, b) => a.cost - b.cost || perSec(b) - perSec(a))
  const may = arms
    .filter((arm) => arm.verdict === 'helps' && perSec(arm) >= peakPerSec)
    .sort((a, b) => perSec(b) - perSec(a))
  return [...holds, ...may]
}

/** What was learnt from all fixes together, in one or two plain sentences. */
export function conclude(
  baseline: Interval | null,
  arms: readonly ArmResult[],
  { peakPerSec, keepHeadroom }: PeakAsked,
): string {
  const winner = candidatesToReplay(arms, peakPerSec).find(({ verdict }) => verdict === 'fixes')
  if (!baseline) {
    const unmeasured = "Today's capacity could not be measured, so no fix can be compared with it."
    return winner?.capacity
      ? `${carries(winner.label, winner.capacity, peakPerSec)}. ${unmeasured}`
      : unmeasured
  }
  if (baseline.low >= peakPerSec * (1 + keepHeadroom))
    return `Today holds: ${whole(baseline.perSec)} shoppers/s (${whole(baseline.low)}–${whole(baseline.high)}) against a peak of ${whole(peakPerSec)}. No fix is needed.`
  const idle = arms.filter(({ verdict, fixes }) => verdict === 'no-effect' && fixes.length === 1)
  const nothing =
    idle.length > 0
      ? ` ${sentence(list(idle.map(({ label }) => label)))} alone ${idle.length > 1 ? 'buy' : 'buys'} nothing.`
      : ''
  if (winner?.capacity)
    return `${carries(winner.label, winner.capacity, peakPerSec)}, today ${whole(baseline.perSec)}.${nothing}`
  const ran = arms.filter(({ verdict }) => verdict !== 'not-run')
  if (ran.length === 0) {
    const why = arms.map(({ label, because }) => `${label}: ${because}`).join('; ')
    return why === '' ? 'No fix could be run here.' : `No fix could be run here (${why}).`
  }
  const best = ran.reduce((most, arm) =>
    (arm.capacity?.perSec ?? 0) > (most.capacity?.perSec ?? 0) ? arm : most,
  )
  const helps = best.verdict === 'helps' && best.capacity
  const most = helps
    ? ` The most came from ${best.label}: ${whole(best.capacity.perSec)} shoppers/s, ${percent(best.capacity.perSec / peakPerSec)} of the peak.`
    : ''
  const guards = ran.filter(({ verdict }) => verdict === 'protects').map(({ label }) => label)
  const protects =
    guards.length > 0
      ? ` ${sentence(list(guards))} ${guards.length > 1 ? 'protect' : 'protects'}: beyond its capacity the shop goes on serving, and the others wait or are turned away.`
      : ''
  const open = ran.filter(({ verdict }) => verdict === 'inconclusive').map(({ label }) => label)
  const unsure = open.length > 0 ? ` ${sentence(list(open))}: no clear answer.` : ''
  const unclear = arms.some(({ verdict }) => verdict === 'inconclusive' || verdict === 'not-run')
  const none = unclear ? 'No fix was seen to hold' : 'No fix tried holds'
  return `${none} the peak of ${whole(peakPerSec)} shoppers/s.${most}${nothing}${protects}${unsure}`
}

function carries(label: string, { perSec, low, high }: Interval, peakPerSec: number): string {
  return `${sentence(label)} carries the peak: ${whole(perSec)} shoppers/s (${whole(low)}–${whole(high)}) against ${whole(peakPerSec)}`
}

function whole(perSec: number): string {
  return perSec < 10 ? perSec.toFixed(1) : String(Math.round(perSec))
}

function factor(ratio: number): string {
  return ratio.toFixed(2)
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
