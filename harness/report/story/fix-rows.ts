import type { ArmResult, FixVerdict, Winner } from '../../core/result.ts'
import { formatFactor, formatInterval, formatPercent, formatRate } from '../format.ts'
import { classWords } from './class-words.ts'
import type { Story } from './story.ts'

/** One fix as the reports list it. Figures are text, `null` when it was not measured. */
export type FixRow = {
  readonly arm: number
  readonly name: string
  /** The name where there is little room: "both". */
  readonly shortName: string
  readonly capacity: string | null
  readonly interval: string | null
  readonly ratio: string | null
  readonly perSec: number | null
  /** Expected before it was measured. */
  readonly predictedPerSec: number | null
  readonly lowPerSec: number | null
  readonly highPerSec: number | null
  readonly verdict: FixVerdict
  readonly verdictWord: string
  /** One phrase: "helps; then app CPU binds at 97 % of the peak". */
  readonly says: string
  readonly because: string
  readonly wins: boolean
  readonly cost: number
  readonly sideEffects: readonly string[]
}

const VERDICT_WORDS: Readonly<Record<FixVerdict, string>> = {
  fixes: 'holds',
  helps: 'helps, not enough',
  harms: 'makes it worse',
  'no-effect': 'no effect',
  protects: 'protects',
  'not-run': 'not run',
  inconclusive: 'inconclusive',
}

/** The fixes that were tried, in the order they were tried; empty when none was. */
export function fixRows(story: Story): readonly FixRow[] {
  const { whatif, winner, peak } = story
  if (!whatif) return []
  return whatif.arms.map((arm) => {
    const wins = winner !== null && sameFixes(winner, arm)
    return {
      arm: arm.arm,
      name: arm.label,
      shortName: shortName(arm, whatif.arms),
      capacity: arm.capacity && formatRate(arm.capacity.perSec),
      interval: arm.capacity && formatInterval(arm.capacity.low, arm.capacity.high),
      ratio: arm.ratio && formatFactor(arm.ratio.estimate),
      perSec: arm.capacity?.perSec ?? null,
      predictedPerSec: arm.predicted,
      lowPerSec: arm.capacity?.low ?? null,
      highPerSec: arm.capacity?.high ?? null,
      verdict: arm.verdict,
      verdictWord: wins && winner.survives ? 'holds, replayed' : VERDICT_WORDS[arm.verdict],
      says: armSays(arm, wins ? winner : null, peak?.perSec ?? null),
      because: arm.because,
      wins,
      cost: arm.cost,
      sideEffects: arm.sideEffects,
    }
  })
}

/** Fixes that are money spent for nothing: alone they moved capacity not at all, or the wrong way. */
export function doNotBuy(rows: readonly FixRow[]): readonly FixRow[] {
  return rows.filter(({ verdict }) => verdict === 'no-effect' || verdict === 'harms')
}

function armSays(arm: ArmResult, winner: Winner | null, peakPerSec: number | null): string {
  if (winner) return winnerSays(winner)
  const { verdict, because, capacity } = arm
  const reason = because === '' ? '' : `: ${because}`
  switch (verdict) {
    case 'fixes': {
      const headroom = capacity && peakPerSec ? capacity.perSec / peakPerSec - 1 : null
      return headroom === null ? 'fixes it' : `fixes it; headroom ${formatPercent(headroom)}; not replayed`
    }
    case 'helps':
      return `helps${bindsNext(arm, peakPerSec)}`
    case 'harms':
      return 'harms: worse than today'
    case 'no-effect':
      return arm.fixes.length === 1 ? 'no effect: alone it buys nothing' : 'no effect: it buys nothing'
    case 'protects':
      return `protects${reason}`
    case 'not-run':
      return `not run${reason}`
    case 'inconclusive':
      return `inconclusive${reason}`
  }
}

function winnerSays({ survives, replays, headroom }: Winner): string {
  const margin = headroom === null ? '' : `; headroom ${formatPercent(headroom)}`
  if (survives) return `HOLDS in ${replays.held} of ${replays.of} replays${margin}`
  if (replays.of === 0) return `should hold; not replayed${margin}`
  return `DID NOT HOLD in ${replays.of - replays.held} of ${replays.of} replays`
}

function bindsNext({ limitedBy, capacity }: ArmResult, peakPerSec: number | null): string {
  const reach = capacity && peakPerSec ? ` at ${formatPercent(capacity.perSec / peakPerSec)} of the peak` : ''
  if (limitedBy && limitedBy.class !== 'none')
    return `; then ${classWords(limitedBy.class).name} binds${reach}`
  return reach === '' ? ', but not enough' : `; breaks${reach}`
}

/** "both" for an arm that puts together the two fixes that were also tried alone, where there were no others. */
function shortName(arm: ArmResult, all: readonly ArmResult[]): string {
  const alone = all.filter(({ fixes }) => fixes.length === 1).map(({ fixes }) => fixes[0]?.id)
  const everyAlone = arm.fixes.every(({ id }) => alone.includes(id))
  return arm.fixes.length === 2 && alone.length === 2 && everyAlone
    ? 'both'
    : arm.label.replace(/ servers$/, '')
}

function sameFixes(winner: Winner, arm: ArmResult): boolean {
  return (
    winner.fixes.length === arm.fixes.length &&
    winner.fixes.every(({ id, step }, i) => arm.fixes[i]?.id === id && arm.fixes[i]?.step === step)
  )
}
