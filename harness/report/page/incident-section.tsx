/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { Incident } from '../../core/result.ts'
import { surgeTimelineChart } from '../charts/surge-timeline.ts'
import { formatMs } from '../format.ts'
import { incidentMoments } from '../story/moments.ts'
import { capitalise, endedSentences, failedChecksSentence } from '../story/sentences.ts'
import type { Story } from '../story/story.ts'
import { ChartFigure, type LegendEntry } from './chart-figure.tsx'
import { Section } from './section.tsx'

/** What happened: the four moments, and the surge second by second. */
export function IncidentSection({ story }: { readonly story: Story }) {
  const surge = story.surges[0]
  if (!surge) return null
  const slo = story.header?.scenario.slo['all']
  const patienceMs = story.header?.scenario.patience.timeoutMs ?? null
  // The moments of a surge that is not believed, or compressed, are no moments.
  const shown = { ...surge, incident: story.incident }
  const chart = surgeTimelineChart(shown, { sloMs: slo?.p95Ms ?? null, patienceMs })
  const checks = failedChecksSentence(story)
  const warning = story.believable ? null : 'This is what was recorded. It is not to be believed.'
  const beyond = surge.seconds.some(({ clicks, p95Ms }) => clicks > 0 && p95Ms === null)
  return (
    <Section id="incident" title="What happened" lead={warning}>
      {story.incident ? <Moments incident={story.incident} /> : null}
      {endedSentences(story).map((says) => (
        <p key={says}>{capitalise(says)}.</p>
      ))}
      {checks === null ? null : <p>{capitalise(checks)}.</p>}
      {chart ? (
        <ChartFigure
          chart={chart}
          title={`The surge on ${surge.label === 'today' ? "today's topology" : surge.label}`}
          legend={legend(beyond ? formatMs(null, patienceMs) : null)}
        />
      ) : null}
    </Section>
  )
}

function Moments({ incident }: { readonly incident: Incident }) {
  return (
    <ol class="moments">
      {incidentMoments(incident).map(({ id, name, when, says }) => (
        <li key={id} class={when === null ? 'moment moment-not' : 'moment'}>
          <span class="moment-name">{name}</span>
          <span class="moment-when">{when ?? 'did not happen'}</span>
          <span class="moment-says">{says}</span>
        </li>
      ))}
    </ol>
  )
}

function legend(beyond: string | null): readonly LegendEntry[] {
  const entries: LegendEntry[] = [
    { glyph: '▬', paint: 'offered', says: 'clicks asked for' },
    { glyph: '▬', paint: 'good', says: 'answered well' },
    { glyph: '▬', paint: 'response', says: 'p95 response time' },
  ]
  return beyond === null ? entries : [...entries, { glyph: '▲', paint: 'bad', says: beyond }]
}
