/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { formatRate } from '../format.ts'
import {
  actionSentence,
  breakSentence,
  capitalise,
  causeSentence,
  impactSentence,
} from '../story/sentences.ts'
import type { Story, Tone } from '../story/story.ts'
import { scopeWords, stampsOf, trustOf } from '../story/trust.ts'

const MARKS: Readonly<Record<Tone, string>> = { bad: '✗', good: '✓', unsure: '?', void: '!' }

/** The first screen: the answer, and the four questions everybody asks. */
export function AnswerSection({ story }: { readonly story: Story }) {
  const { result, tone, verdict } = story
  const trust = trustOf(story)
  const scope = scopeWords(result.scope)
  return (
    <section class={`answer tone-${tone}`} aria-labelledby="answer-title">
      <p class="badges">
        <strong class="verdict">
          <span aria-hidden="true">{MARKS[tone]}</span> {capitalise(verdict.toLowerCase())}
        </strong>
        <span class={`badge ${trust.sound ? 'badge-good' : 'badge-bad'}`}>
          {trust.sound ? '✓' : '!'} {trust.badge}
        </span>
        <span class="badge">{scope.label}</span>
        {stampsOf(story).map(({ label, says }) => (
          <span class="badge badge-stamp" title={says} key={label}>
            {label}
          </span>
        ))}
      </p>
      <h1 id="answer-title">{unbrokenWords(result.headline)}</h1>
      <RunFacts story={story} />
      <dl class="cards">
        <Card question="What broke?">
          {breakSentence(story)}
          {story.impact && story.impact.ordersLost > 0
            ? ` ${capitalise(impactSentence(story.impact) ?? '')}.`
            : ''}
        </Card>
        <Card question="Why?">{whySentence(story)}</Card>
        <Card question="What to do?">{actionSentence(story)}</Card>
        <Card question="Can I trust this?">
          {capitalise(trust.says)}. {capitalise(scope.says)}.
        </Card>
      </dl>
    </section>
  )
}

function Card(props: { readonly question: string; readonly children: preact.ComponentChildren }) {
  return (
    <div class="card">
      <dt>{props.question}</dt>
      <dd>{props.children}</dd>
    </div>
  )
}

function RunFacts({ story: { header, peak } }: { readonly story: Story }) {
  if (!header) return null
  const { name, curveLabel, normalPerSec, peakPerSec } = header.scenario
  const beside = [
    peak?.clicksPerSec == null ? null : `≈ ${formatRate(peak.clicksPerSec)} clicks/s`,
    !peak?.ordersPerMin ? null : `≈ ${formatRate(peak.ordersPerMin)} orders/min`,
  ].filter((part) => part !== null)
  return (
    <p class="facts">
      <strong>{name}</strong> · {curveLabel}
      {peakPerSec === 0 ? '' : ` · ${formatRate(normalPerSec)} → ${formatRate(peakPerSec)} shoppers/s`}
      {beside.length > 0 ? ` (${beside.join(', ')})` : ''}
    </p>
  )
}

function whySentence({ bottleneck, believable, capacity }: Story): string {
  if (!believable)
    return 'Unknown: nothing measured here can be told apart from the fault of the measurement.'
  if (bottleneck) return `${capitalise(causeSentence(bottleneck))}.`
  return capacity?.limitedBy
    ? `${capitalise(capacity.limitedBy.says)}.`
    : 'This command does not look for a cause.'
}

/** A headline whose hyphened words stay in one piece, unless they are too long for a phone. */
function unbrokenWords(text: string) {
  return text
    .split(/(\S*-\S*)/)
    .map((part) => (part.includes('-') && part.length < 20 ? <span class="nowrap">{part}</span> : part))
}
