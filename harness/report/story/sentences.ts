import type { Bottleneck, Impact, InvariantResult, RuledOut, UncheckedInvariant } from '../../core/result.ts'
import {
  formatCount,
  formatInterval,
  formatMoney,
  formatOffset,
  formatPercent,
  formatPlural,
  formatRate,
} from '../format.ts'
import { classWords } from './class-words.ts'
import { doNotBuy, type FixRow, fixRows } from './fix-rows.ts'
import type { Story } from './story.ts'

/** The label of the topology without fixes. */
const TODAY = 'today'

/** What shoppers would have met, as a sentence or two. */
export function breakSentence(story: Story): string {
  if (!story.believable)
    return 'Unknown: the measurement itself went wrong, so it says nothing about the shop.'
  const [ended] = endedSentences({ ...story, surges: story.surges.filter(({ label }) => label === TODAY) })
  if (ended === undefined) return shoppersMet(story)
  const met = story.incident?.onsetSec == null ? '' : `${shoppersMet(story)} `
  return `${met}${capitalise(ended)}.`
}

function shoppersMet(story: Story): string {
  const { incident, capacity, peak, tone } = story
  if (!incident && story.surges.length > 0) return compressedSentence(story)
  if (incident?.onsetSec == null) {
    if (tone === 'good' && peak && incident)
      return `Nothing: the surge of ${formatRate(peak.perSec)} shoppers/s was served.`
    if (incident) return 'The objectives held while we watched, and yet the answer is not clear.'
    return capacity ? capacitySentence(story) : 'This command replays no surge.'
  }
  const outage = incident.outageStartSec
  const broke = `${formatCount(incident.onsetSec)} s into the surge the shop broke its promise to shoppers`
  if (outage === null) return `${broke}; there was no complete outage.`
  const lasted = incident.outageEndSec === null ? null : incident.outageEndSec - outage
  const forHowLong = lasted === null ? 'to the end' : `for ${formatCount(lasted)} s`
  return `${broke}, and from ${formatCount(outage)} s on hardly anyone was answered in time, ${forHowLong}.`
}

/** Of a compressed replay: whether it was served. When and for how long not is nobody's time. */
function compressedSentence({ surges, peak }: Story): string {
  const rate = peak ? ` up to ${formatRate(peak.perSec)} shoppers/s` : ''
  return surges[0]?.held
    ? `Nothing: the compressed replay${rate} was served.`
    : `The shop broke its promise to shoppers${rate && ` at rates${rate}`}; when, and for how long, a compressed replay cannot say.`
}

/**
 * Surges whose load a rule of the scenario ended: "the surge on today's shop was not carried: its load was ended after
 * 21 s: 62 % of all clicks failed > 50 % over 10 s (abortWhen)".
 */
export function endedSentences({
  surges,
  believable,
}: Pick<Story, 'surges' | 'believable'>): readonly string[] {
  if (!believable) return []
  return surges.flatMap(({ label, endedEarly }) =>
    endedEarly === null
      ? []
      : [`the surge on ${label === TODAY ? "today's shop" : label} was not carried: ${endedEarly}`],
  )
}

/** Told at most; each as short as a line. */
const REASONS_TOLD = 3
const REASON_LENGTH = 100

/**
 * What journeys found wrong with pages of the first surge that came in time: '12 × "order confirmed", 3 × journey "buyer"
 * threw: …'; `null`: nothing.
 */
export function failedChecksSentence({ surges }: Pick<Story, 'surges'>): string | null {
  const checks = surges[0]?.failedChecks ?? []
  if (checks.length === 0) return null
  const told = checks
    .slice(0, REASONS_TOLD)
    .map(({ reason, n }) => `${formatCount(n)} × ${shortened(reason)}`)
  const more = checks.length > REASONS_TOLD ? ', and others' : ''
  return `pages that came in time and were not right: ${told.join(', ')}${more}`
}

/**
 * Answers of the first surge that were redirects away from the site: 'GET / (100 % of its answers) is a redirect that leaves
 * the site, where nobody was sent: what is there was not rehearsed'; `null`: hardly any.
 */
export function redirectsSentence({ surges }: Pick<Story, 'surges'>): string | null {
  const away = surges[0]?.redirectsAway ?? []
  if (away.length === 0) return null
  const routes = away
    .slice(0, REASONS_TOLD)
    .map(({ route, ratio }) => `${shortened(route)} (${formatPercent(ratio)} of its answers)`)
  const are = away.length > 1 ? 'are redirects that leave' : 'is a redirect that leaves'
  const more = away.length > REASONS_TOLD ? ' and others' : ''
  return `${routes.join(', ')}${more} ${are} the site, where nobody was sent: what is there was not rehearsed`
}

function shortened(reason: string): string {
  return reason.length <= REASON_LENGTH ? reason : `${reason.slice(0, REASON_LENGTH)}…`
}

/** Capacity against the peak: "capacity 31 shoppers/s (28–34) covers 52 % of the peak". */
export function capacitySentence({ capacity, covers, peak }: Story): string {
  if (!capacity) return 'capacity was not measured'
  const { perSec, low, high } = capacity
  const measured = `capacity ${formatRate(perSec)} shoppers/s (${formatInterval(low, high)})`
  if (covers === null || !peak) return measured
  if (low < peak.perSec && peak.perSec <= high)
    return `${measured} may or may not reach the peak of ${formatRate(peak.perSec)}`
  if (covers < 1) return `${measured} covers ${formatPercent(covers)} of the peak`
  return `${measured}, headroom ${formatPercent(covers - 1)} over the peak`
}

/** "database CPU, confirmed: 98 % of 0.20 cores …" */
export function causeSentence(bottleneck: Bottleneck): string {
  if (bottleneck.class === 'none') return bottleneck.says || 'nothing was seen at its limit'
  const { name } = classWords(bottleneck.class)
  // The diagnosis begins with the name of what it found; here the name has been said.
  const says = bottleneck.says.toLowerCase().startsWith(name.toLowerCase())
    ? bottleneck.says.slice(name.length).replace(/^[:\s]+/, '')
    : bottleneck.says
  return `${name}, ${CONFIDENCE[bottleneck.confidence]}${says === '' ? '' : `: ${says}`}`
}

const CONFIDENCE = {
  confirmed: 'confirmed',
  likely: 'likely',
  'not-confirmed': 'not confirmed',
} as const satisfies Record<Bottleneck['confidence'], string>

/** What the confidence rests on, as a sentence. */
export function confidenceSentence(bottleneck: Bottleneck): string {
  if (bottleneck.class === 'none') return 'Nothing saturated, so there is nothing to confirm.'
  switch (bottleneck.confidence) {
    case 'confirmed': {
      const rival = bottleneck.against
      const failed = rival ? `, and what ${classWords(rival).name} would have predicted did not happen` : ''
      return `Confirmed by experiment: changing this one thing moved capacity as predicted${failed}.`
    }
    case 'likely':
      return 'Likely: two layers agree, but no experiment has set it apart from its rivals.'
    case 'not-confirmed':
      return 'Not confirmed: the measurements point here, and the experiment did not bear it out.'
  }
}

/** The rivals, the runner-up first: "ruled out: missing database index". `null` when there is none. */
export function ruledOutSentence(
  bottleneck: Bottleneck | null,
  ruledOut: readonly RuledOut[],
): string | null {
  const runnerUp = ruledOut.find((rival) => rival.class === (bottleneck?.against ?? bottleneck?.runnerUp))
  const rival = runnerUp ?? ruledOut.find(({ judged }) => judged !== false)
  return rival ? `ruled out: ${classWords(rival.class).name}` : null
}

/** What to do, in one or two sentences. */
export function actionSentence(story: Story): string {
  const { winner, whatif, tone, believable } = story
  const rows = fixRows(story)
  const avoid = avoidSentence(rows)
  if (!believable) return 'Mend what the reasons name and rehearse again; decide nothing from this run.'
  if (winner?.survives) return `Put in ${winner.label}: the same surge was replayed on it and held.${avoid}`
  if (winner) return `${capitalise(winner.label)} looked best and did not survive the replay.${avoid}`
  if (whatif && rows.some(({ verdict }) => verdict === 'fixes')) return `${whatif.conclusion}${avoid}`
  if (whatif && rows.length > 0) {
    const { conclusion } = whatif
    // Most conclusions begin by saying so themselves.
    return conclusion.startsWith('No fix')
      ? `${conclusion}${avoid}`
      : `${noneHolds(rows)}.${avoid} ${conclusion}`.trim()
  }
  if (tone === 'good') return "Nothing: today's topology is enough for this surge."
  return 'No fix was tried in this run.'
}

/** " Do not buy load balancing over 2 servers alone: it had no effect.", or nothing. */
function avoidSentence(rows: readonly FixRow[]): string {
  const wasted = doNotBuy(rows).map(({ name }) => name)
  if (wasted.length === 0) return ''
  if (wasted.length === rows.length) return ' Buy none of them for this surge.'
  return ` Do not buy ${wasted.join(' or ')} alone: it had no effect.`
}

/** Whether anybody ordered, or would have: a site that is only looked at has no orders to lose. */
export function hasOrders({ ordersExpected, ordersTaken }: Impact): boolean {
  return ordersExpected > 0 || ordersTaken > 0
}

/** Orders lost, in a phrase: "171 of 324 orders lost"; `null`: nobody orders, and nobody was turned away. */
export function ordersLostPhrase(impact: Impact): string | null {
  const { ordersLost, ordersExpected, shoppersTurnedAway, method } = impact
  if (!hasOrders(impact))
    return shoppersTurnedAway > 0 ? `${formatPlural(shoppersTurnedAway, 'shopper')} turned away` : null
  const sure = /^(estimated|at least)/.exec(method)?.[1]
  const said = sure === undefined ? '' : sure === 'estimated' ? 'about ' : `${sure} `
  if (ordersLost > 0) return `${said}${formatCount(ordersLost)} of ${formatCount(ordersExpected)} orders lost`
  return shoppersTurnedAway > 0
    ? `no order lost, ${formatPlural(shoppersTurnedAway, 'shopper')} turned away`
    : 'no order lost'
}

/** Orders and money, in a phrase: "171 of 324 orders lost, about €9,235"; `null`: nobody orders, and nobody was turned away. */
export function impactSentence(impact: Impact): string | null {
  const money = impact.ordersLost > 0 && impact.revenueLost > 0
  const lost = ordersLostPhrase(impact)
  return lost === null
    ? null
    : `${lost}${money ? `, about ${formatMoney(impact.revenueLost, impact.currency)}` : ''}`
}

/** Whether the shop kept its word on orders: "no oversell, no doubled order: held, in 914 confirmed orders". */
export function ordersSentence(
  invariants: readonly InvariantResult[],
  ordersTaken: number | null,
  unchecked: readonly UncheckedInvariant[] = [],
): string {
  const open = uncheckedPhrase(unchecked)
  if (invariants.length === 0) return open === '' ? 'no invariant was checked' : open
  return `${keptSentence(invariants, ordersTaken)}${open && `; ${open}`}`
}

/** "NOT CHECKED: no oversell (it asks for tables that are only made with --allow-ddl)". */
function uncheckedPhrase(unchecked: readonly UncheckedInvariant[]): string {
  if (unchecked.length === 0) return ''
  return `NOT CHECKED: ${unchecked.map(({ name, because }) => `${name} (${because})`).join('; ')}`
}

function keptSentence(invariants: readonly InvariantResult[], ordersTaken: number | null): string {
  const broken = invariants.filter(({ held }) => !held)
  const within = ordersTaken === null ? '' : `in ${formatPlural(ordersTaken, 'confirmed order')}`
  if (broken.length > 0)
    return `BROKEN${within && ` ${within}`}: ${broken.map((one) => `${one.name} (${brokenDetail(one)})`).join('; ')}`
  return `${[...new Set(invariants.map(({ name }) => name))].join(', ')}: held${within && `, ${within}`}${sampledPhrase(invariants)}`
}

/** "3 rows, the first: …; seen 0:07 into the surge". */
function brokenDetail({ detail, firstBrokenSec }: InvariantResult): string {
  return firstBrokenSec === null
    ? detail
    : `${detail}; first seen ${formatOffset(firstBrokenSec)} into the surge`
}

/** "; sampled 14 times during the surge": how often those were asked that were asked at all. */
function sampledPhrase(invariants: readonly InvariantResult[]): string {
  const samples = Math.max(...invariants.map((one) => one.samples))
  return samples === 0 ? '' : `; sampled ${formatPlural(samples, 'time')} during the surge`
}

/** Whether there is anything to say of orders: somebody orders, or rules for their books were given. */
export function tellsOfOrders(story: Story): boolean {
  const { invariants, surges, unchecked } = story
  if (!invariants) return false
  return (
    invariants.length > 0 || unchecked.length > 0 || surges.some(({ impact }) => impact && hasOrders(impact))
  )
}

/** Orders the shop acknowledged, over all surges of the run; `null`: they were not counted. */
export function ordersTaken({ surges }: Story): number | null {
  if (surges.some(({ impact }) => impact === null)) return null
  return surges.reduce((sum, { impact }) => sum + (impact?.ordersTaken ?? 0), 0)
}

/** "No fix tried holds": only when every fix was measured clearly. */
export function noneHolds(rows: readonly FixRow[]): string {
  const unclear = rows.some(({ verdict }) => verdict === 'inconclusive' || verdict === 'not-run')
  return unclear ? 'No fix was seen to hold' : 'No fix tried holds'
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
