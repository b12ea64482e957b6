/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { FaultResult, Incident } from '../../core/result.ts'
import { surgeTimelineChart } from '../charts/surge-timeline.ts'
import { formatMs } from '../format.ts'
import { faultLine, faultLines, faultMarks } from '../story/fault-lines.ts'
import { incidentMoments } from '../story/moments.ts'
import { capitalise, endedSentences, failedChecksSentence, redirectsSentence } from '../story/sentences.ts'
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
  const away = redirectsSentence(story)
  const warning = story.believable ? null : 'This is what was recorded. It is not to be believed.'
  const beyond = surge.seconds.some(({ clicks, p95Ms }) => clicks > 0 && p95Ms === null)
  return (
    <Section id="incident" title="What happened" lead={warning}>
      {story.incident ? <Moments incident={story.incident} faults={surge.faults} /> : null}
      <Faults story={story} />
      {endedSentences(story).map((says) => (
        <p key={says}>{capitalise(says)}.</p>
      ))}
      {checks === null ? null : <p>{capitalise(checks)}.</p>}
      {away === null ? null : <p>{capitalise(away)}.</p>}
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

/** What the scenario itself did, with the letters of the chart. */
function Faults({ story }: { readonly story: Story }) {
  const lines = faultLines(story)
  if (lines.length === 0) return null
  const marks = faultMarks(story.surges[0]?.faults ?? [])
  const letterOf = (says: string) =>
    marks.find(({ fault }) => faultLine(fault, story.incident !== null) === says)?.letter
  return (
    <>
      <h3>Faults of the scenario</h3>
      <ul class="faults">
        {lines.map((says) => (
          <li key={says}>
            {letterOf(says) ? <strong>{letterOf(says)} </strong> : null}
            {says}
          </li>
        ))}
      </ul>
    </>
  )
}

function Moments(props: { readonly incident: Incident; readonly faults: readonly FaultResult[] }) {
  const { incident, faults } = props
  return (
    <ol class="moments">
      {incidentMoments(incident, faults).map(({ id, name, when, says }) => (
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
