import type { AnyResult } from '../core/result.ts'
import type { RunData } from '../core/run-data.ts'
import { surgeSegment } from './facts/surge-segment.ts'
import { topStatements } from './facts/top-statements.ts'
import { formatElapsed, formatMs, formatPercent, formatRate, formatWhen } from './format.ts'
import { markdownTable, markdownText as text } from './markdown/markdown-text.ts'
import { plainText } from './plain-text.ts'
import { balancerWords } from './story/balancer-words.ts'
import { cacheWords, databaseWords, poolerWords } from './story/beside-words.ts'
import { classWords } from './story/class-words.ts'
import { dataWords } from './story/data-words.ts'
import { faultLines } from './story/fault-lines.ts'
import { doNotBuy, fixRows } from './story/fix-rows.ts'
import { incidentMoments } from './story/moments.ts'
import { nextStepOf, PROGRAM } from './story/next-step.ts'
import {
  actionSentence,
  breakSentence,
  capacitySentence,
  capitalise,
  causeSentence,
  confidenceSentence,
  endedSentences,
  failedChecksSentence,
  impactSentence,
  ordersSentence,
  ordersTaken,
  redirectsSentence,
} from './story/sentences.ts'
import { noSignOffBecause, SIGN_OFF_FIELDS, signOffCommand } from './story/sign-off.ts'
import { type Story, toStory } from './story/story.ts'
import { isolationWords, passedOverWords, scopeWords, stampsOf, trustOf } from './story/trust.ts'

/** The report as Markdown, short enough for a review comment (< 50 KB), with a block to sign. */
export function renderMarkdown(result: AnyResult, run: RunData): string {
  const story = toStory(result, run.header)
  const parts = [
    ...answer(story),
    ...coverage(story),
    ...incident(story),
    ...cause(story, run),
    ...fixes(story),
    ...impact(story),
    ...limits(story),
    ...steps(story),
    ...measurement(story, run),
    ...signOff(story),
  ]
  return `${parts.join('\n\n')}\n`
}

function answer(story: Story): readonly string[] {
  const { result, verdict, header } = story
  const trust = trustOf(story)
  const stamps = stampsOf(story).map(({ label, says }) => `> **${label}** (${says})`)
  const { name, curveLabel, normalPerSec, peakPerSec } = header!.scenario
  const surge =
    peakPerSec === 0 ? '' : `${formatRate(normalPerSec)} → ${formatRate(peakPerSec)} shoppers/s · `
  return [
    `# ${text(result.headline)}`,
    ...stamps,
    `**${verdict}** · ${trust.badge} · ${scopeWords(result.scope).label}`,
    `${text(name)} · ${text(curveLabel)} · ${surge}${formatWhen(header!.startedAt)} · run ${text(result.run)}`,
    [
      `- **What broke?** ${text(breakSentence(story))}`,
      `- **What to do?** ${text(actionSentence(story))}`,
      `- **Can I trust this?** ${text(capitalise(trust.says))}. ${text(capitalise(scopeWords(result.scope).says))}.`,
    ].join('\n'),
  ]
}

function coverage(story: Story): readonly string[] {
  return story.capacity ? ['## Peak and today', `${text(capitalise(capacitySentence(story)))}.`] : []
}

function incident(story: Story): readonly string[] {
  const away = redirectsSentence(story)
  const redirects = away === null ? [] : [`${text(capitalise(away))}.`]
  if (!story.incident) return redirects
  const rows = incidentMoments(story.incident, story.surges[0]?.faults).map(({ name, when, says }) => [
    name,
    when ?? 'did not happen',
    text(says),
  ])
  const ended = endedSentences(story).map((says) => `${text(capitalise(says))}.`)
  const checks = failedChecksSentence(story)
  return [
    '## What happened',
    markdownTable(['moment', 'when', 'what'], rows),
    ...faultList(story),
    ...ended,
    ...(checks === null ? [] : [`${text(capitalise(checks))}.`]),
    ...redirects,
  ]
}

function faultList(story: Story): readonly string[] {
  const lines = faultLines(story).map((says) => `- ${text(says)}`)
  return lines.length === 0 ? [] : ['Faults of the scenario:', lines.join('\n')]
}

function cause({ bottleneck, ruledOut, surges }: Story, run: RunData): readonly string[] {
  if (!bottleneck) return []
  const evidence = bottleneck.evidence.map(
    ({ layer, says, supports }) => `- ${layer}: ${text(says)}${supports ? '' : ' (not for it)'}`,
  )
  const rivals = (judged: boolean) =>
    ruledOut
      .filter((rival) => (rival.judged ?? true) === judged)
      .map((rival) => `- ${classWords(rival.class).name}: ${text(rival.because)}`)
  const [out, open] = [rivals(true), rivals(false)]
  const segment = surges[0] ? surgeSegment(run, surges[0]) : null
  const statements = (segment ? topStatements(segment, 5) : []).map(({ query, shareRatio, meanMs }) => [
    formatPercent(shareRatio),
    formatMs(meanMs, null),
    text(query.slice(0, 160)),
  ])
  return [
    '## Why',
    `${text(capitalise(causeSentence(bottleneck)))}. ${confidenceSentence(bottleneck)}`,
    ...(evidence.length > 0 ? [evidence.join('\n')] : []),
    ...(out.length > 0 ? ['Ruled out:', out.join('\n')] : []),
    ...(open.length > 0 ? ['Not judged:', open.join('\n')] : []),
    ...(statements.length > 0
      ? [markdownTable(['share of database time', 'mean', 'statement'], statements)]
      : []),
  ]
}

function fixes(story: Story): readonly string[] {
  const rows = fixRows(story)
  if (rows.length === 0) return []
  const table = rows.map((row) => [
    text(capitalise(row.name)),
    row.capacity === null ? 'not measured' : `${row.capacity} (${row.interval})`,
    row.ratio ?? '–',
    text(row.says),
    text(row.sideEffects.join('; ')) || '–',
  ])
  const wasted = doNotBuy(rows).map(
    ({ name, says, because }) => `- ${text(name)}: ${text(because === '' ? says : because)}`,
  )
  return [
    '## What to do',
    markdownTable(['fix', 'capacity, shoppers/s', 'against today', 'verdict', 'brings with it'], table),
    ...(wasted.length > 0 ? ['**Do not buy:**', wasted.join('\n')] : []),
  ]
}

function impact(story: Story): readonly string[] {
  if (!story.believable || (!story.impact && !story.invariants)) return []
  const says = story.impact && impactSentence(story.impact)
  const lost =
    story.impact && says !== null ? [`${text(capitalise(says))} (${text(story.impact.method)}).`] : []
  const kept =
    story.invariants && story.invariants.length + story.unchecked.length > 0
      ? [`${text(capitalise(ordersSentence(story.invariants, ordersTaken(story), story.unchecked)))}.`]
      : []
  return lost.length + kept.length === 0 ? [] : ['## Impact', ...lost, ...kept]
}

function limits(story: Story): readonly string[] {
  const { says, command } = nextStepOf(story)
  const notTested = story.result.notTested.map((one) => `- ${text(one)}`)
  return [
    ...(notTested.length > 0 ? ['## What this rehearsal did not test', notTested.join('\n')] : []),
    '## Next step',
    `${says}:`,
    `    ${PROGRAM} ${plainText(command)}`,
  ]
}

function steps({ searches, header }: Story): readonly string[] {
  const patienceMs = header?.scenario.patience.timeoutMs ?? null
  const rows = searches.flatMap(({ label, steps: all }) =>
    all.map((step) => [
      text(label),
      step.offeredPerSec.toFixed(1),
      formatMs(step.p95Ms, patienceMs),
      formatPercent(step.errorRatio),
      `${step.verdict}: ${text(step.because)}`,
    ]),
  )
  if (rows.length === 0) return []
  const table = markdownTable(['fix', 'offered, shoppers/s', 'p95', 'errors', 'verdict'], rows.slice(0, 80))
  return ['<details><summary>Every step</summary>', table, '</details>']
}

function measurement({ result }: Story, run: RunData): readonly string[] {
  const { cores, node, platform } = run.header.machine
  const balancer = balancerWords(result.balancers)
  const pooler = poolerWords(result.poolers)
  const cache = cacheWords(result.caches)
  const database = databaseWords(result.databases)
  const failed = result.validity.checks.filter(({ held }) => !held).slice(0, 20)
  const over = passedOverWords(result.isolation)
  return [
    '## Measurement',
    `CPU budgeted by ${isolationWords(result)}. ${cores} cores, ${text(platform)}, Node.js ${text(node)}. ` +
      `Took ${formatElapsed(result.elapsedSec)}.`,
    ...(over === null ? [] : [`Means passed over before it: ${text(over)}.`]),
    ...(balancer === null ? [] : [`Load balancer: ${text(balancer)}.`]),
    ...(pooler === null ? [] : [`Pooler: ${text(pooler)}.`]),
    ...(cache === null ? [] : [`Cache: ${text(cache)}.`]),
    ...(database === null ? [] : [`Database: ${text(database)}.`]),
    ...(result.data ? [`Data: ${text(dataWords(result.data))}.`] : []),
    ...(failed.length > 0
      ? [failed.map(({ name, says }) => `- check failed: ${text(name)}: ${text(says)}`).join('\n')]
      : []),
  ]
}

function signOff(story: Story): readonly string[] {
  const refused = noSignOffBecause(story)
  const more = signOffCommand(story)
  return [
    '## Sign-off',
    ...(refused === null ? [] : [`**Not for sign-off: ${refused}.**`]),
    ...(more === null
      ? []
      : [text(`Replays of the fix so far: ${story.winner?.replays.of}; "${more}" adds other crowds.`)]),
    markdownTable(SIGN_OFF_FIELDS, [SIGN_OFF_FIELDS.map(() => ' ')]),
  ]
}
