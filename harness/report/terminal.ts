import pc from 'picocolors'
import type { HeaderLine } from '../core/record.ts'
import type { AnyResult } from '../core/result.ts'
import { formatElapsed, formatRate } from './format.ts'
import { plainText } from './plain-text.ts'
import { dataWords } from './story/data-words.ts'
import { faultLines } from './story/fault-lines.ts'
import { fixRows } from './story/fix-rows.ts'
import { incidentSentence } from './story/moments.ts'
import { nextStepOf } from './story/next-step.ts'
import {
  actionSentence,
  capacitySentence,
  causeSentence,
  endedSentences,
  failedChecksSentence,
  noneHolds,
  ordersLostPhrase,
  ordersSentence,
  ordersTaken,
  redirectsSentence,
  ruledOutSentence,
  tellsOfOrders,
} from './story/sentences.ts'
import { signOffCommand } from './story/sign-off.ts'
import { type Story, type Tone, toStory } from './story/story.ts'
import { scopeWords, stampsOf, trustOf } from './story/trust.ts'
import { fixTable } from './terminal/fix-table.ts'
import { wrap } from './terminal/wrap.ts'

export type TerminalOptions = {
  readonly colour: boolean
  readonly width: number
  /** The record's header, for results that do not carry it. */
  readonly header?: HeaderLine
}

const MARKS: Readonly<Record<Tone, string>> = { bad: '✗', good: '✓', unsure: '?', void: '!' }
const LABEL_WIDTH = 12

/** The answer as the terminal shows it: at most `width` columns (100 at most), without colour when asked. */
export function renderAnswer(result: AnyResult, { colour, width, header }: TerminalOptions): string {
  const columns = Math.min(100, Math.max(40, width))
  const story = toStory(result, header ?? ('header' in result ? result.header : null))
  const paint = painter(story.tone, colour)
  const facts = [
    ...timelineLines(story, columns),
    ...faultTextLines(story, columns),
    ...endedSentences(story).map((says) => line('ended', says, columns)),
    ...[failedChecksSentence(story)].flatMap((says) =>
      says === null ? [] : [line('checks', says, columns)],
    ),
    ...[redirectsSentence(story)].flatMap((says) =>
      says === null ? [] : [line('redirects', says, columns)],
    ),
    ...causeLines(story, columns),
    ...fixLines(story, columns),
    ...orderLines(story, columns),
    ...dataLines(story, columns),
    line('trust', `${trustOf(story).says} · ${scopeWords(result.scope).says}`, columns),
  ]
  return [
    ...titleLines(story, columns),
    ...verdictLines(story, columns, paint),
    ...facts.map((text) => dimLabel(text, colour)),
    lastLine(story, columns),
  ].join('\n')
}

function titleLines({ header, peak, result }: Story, columns: number): readonly string[] {
  if (!header) return []
  const { name, curveLabel, normalPerSec, peakPerSec } = header.scenario
  const beside = [
    peak?.clicksPerSec == null ? null : `≈ ${formatRate(peak.clicksPerSec)} clicks/s`,
    !peak?.ordersPerMin ? null : `≈ ${formatRate(peak.ordersPerMin)} orders/min`,
  ].filter((part) => part !== null)
  // Of a load that somebody else drove no rate is known.
  const rates =
    peakPerSec === 0 ? '' : ` · ${formatRate(normalPerSec)} → ${formatRate(peakPerSec)} shoppers/s`
  const title = `${name} · ${curveLabel}${rates}${beside.length > 0 ? ` (${beside.join(', ')})` : ''}`
  return [wrap('', plainText(result.command === 'rehearse' ? title : `${result.command} ${title}`), columns)]
}

function verdictLines(story: Story, columns: number, paint: (text: string) => string): readonly string[] {
  const { verdict, tone, result } = story
  const stamps = stampsOf(story).map(({ label, says }) => wrap('  ', `${label} (${says})`, columns))
  const says = story.believable ? verdictSays(story) : plainText(result.headline)
  const head = `${MARKS[tone]} ${verdict}  `
  const text = wrap(head, terse(says, columns - head.length), columns).split('\n')
  // What does not fit beside the verdict goes on under it, not in a narrow column at its right.
  const lines = text.length > 1 && head.length > 30 ? [head.trimEnd(), wrap('  ', says, columns)] : text
  return [(lines[0] ?? '').replace(head.trimEnd(), paint(head.trimEnd())), ...lines.slice(1), ...stamps]
}

function verdictSays(story: Story): string {
  const { result, impact } = story
  if (result.command === 'whatif') return plainText(result.conclusion)
  if (result.command === 'diagnose' || result.command === 'watch') return plainText(result.headline)
  const parts = story.capacity ? [capacitySentence(story)] : []
  const lost = impact && ordersLostPhrase(impact)
  if (lost) parts.push(lost)
  if (result.command === 'capacity') parts.push(...atLeastWords(result.atLeast))
  return parts.length === 0 ? plainText(result.headline) : parts.join(' · ')
}

function atLeastWords(
  atLeast: { readonly perSec: number; readonly held: boolean } | null,
): readonly string[] {
  if (!atLeast) return []
  return [`asked for at least ${formatRate(atLeast.perSec)}: ${atLeast.held ? 'held' : 'not reached'}`]
}

function timelineLines({ incident, surges }: Story, columns: number): readonly string[] {
  if (!incident) return []
  const sentence = incidentSentence(incident, surges[0]?.faults)
  const fits = LABEL_WIDTH + sentence.length <= columns
  return [line('timeline', fits ? sentence : sentence.replace(/ by itself$/, ''), columns)]
}

/** Done by the scenario itself, so that nobody looks for them in the shop. */
function faultTextLines(story: Story, columns: number): readonly string[] {
  return faultLines(story).map((says, i) =>
    line(i === 0 ? 'faults' : '', `${says}${i === 0 ? ' (fault of the scenario)' : ''}`, columns),
  )
}

function causeLines({ bottleneck, ruledOut, result, capacity }: Story, columns: number): readonly string[] {
  if (bottleneck) {
    const rival = ruledOutSentence(bottleneck, ruledOut)
    const lines = [line('cause', `${causeSentence(bottleneck)}${rival ? `; ${rival}` : ''}`, columns)]
    if (result.command !== 'diagnose' && result.command !== 'watch') return lines
    const evidence = bottleneck.evidence.filter(({ supports }) => supports)
    return [
      ...lines,
      ...evidence.map(({ layer, says }, i) => line(i === 0 ? 'evidence' : '', `${layer}: ${says}`, columns)),
    ]
  }
  return capacity?.limitedBy ? [line('limit', capacity.limitedBy.says, columns)] : []
}

function fixLines(story: Story, columns: number): readonly string[] {
  const rows = fixRows(story)
  if (rows.length > 0) {
    const table = fixTable(rows, '  fixes     ', columns)
    const holds = story.winner ? story.winner.survives : rows.some(({ verdict }) => verdict === 'fixes')
    return holds ? table : [...table, line('', noneHolds(rows).toLowerCase(), columns)]
  }
  if (story.result.command !== 'rehearse' || !story.believable) return []
  return [line('fixes', story.tone === 'good' ? 'none needed' : actionSentence(story), columns)]
}

function orderLines(story: Story, columns: number): readonly string[] {
  if (!story.invariants || !story.believable || !tellsOfOrders(story)) return []
  return [line('orders', ordersSentence(story.invariants, ordersTaken(story), story.unchecked), columns)]
}

function dataLines({ result }: Story, columns: number): readonly string[] {
  return result.data ? [line('data', dataWords(result.data), columns)] : []
}

function lastLine(story: Story, columns: number): string {
  const { result } = story
  const report = 'report' in result && result.report ? [`report ${result.report}`] : []
  const command = signOffCommand(story)
  const signOff = command === null ? [] : [`sign-off: ${command}`]
  const parts = [
    ...report,
    `next: ${nextStepOf(story).command}`,
    ...signOff,
    formatElapsed(result.elapsedSec),
  ]
  return wrap('', plainText(parts.join(' · ')), columns)
}

/** One line where two words less make it one. */
function terse(text: string, room: number): string {
  return text.length <= room ? text : text.replace('of the peak', 'of peak')
}

function line(label: string, text: string, columns: number): string {
  return wrap(`  ${label}`.padEnd(LABEL_WIDTH), plainText(text), columns)
}

function dimLabel(text: string, colour: boolean): string {
  if (!colour || text.startsWith(' '.repeat(LABEL_WIDTH))) return text
  return pc.createColors(true).dim(text.slice(0, LABEL_WIDTH)) + text.slice(LABEL_WIDTH)
}

function painter(tone: Tone, colour: boolean): (text: string) => string {
  const colours = pc.createColors(colour)
  const paints = { bad: colours.red, good: colours.green, unsure: colours.yellow, void: colours.magenta }
  return (text) => colours.bold(paints[tone](text))
}
