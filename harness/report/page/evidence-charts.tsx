/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { RunData } from '../../core/run-data.ts'
import { capacityChart, SEARCH_MARKS } from '../charts/capacity-steps.ts'
import { databaseSessionsChart, kindsPresent, SESSION_WORDS } from '../charts/database-sessions.ts'
import { replayCharts } from '../charts/replay-beside-today.ts'
import { utilisationCharts } from '../charts/utilisation.ts'
import { databaseSessions } from '../facts/database-sessions.ts'
import { surgeSegment } from '../facts/surge-segment.ts'
import { topStatements } from '../facts/top-statements.ts'
import { utilisation } from '../facts/utilisation.ts'
import { formatCount, formatMs, formatPercent } from '../format.ts'
import { capitalise } from '../story/sentences.ts'
import type { Story } from '../story/story.ts'
import { ChartFigure, Drawing, type LegendEntry } from './chart-figure.tsx'
import { Section, TableBox } from './section.tsx'

type Props = { readonly story: Story; readonly run: RunData }

/** The same surge on today's topology and on the fix, side by side on the same axes. */
export function ReplaySection({ story }: Props) {
  const charts = replayCharts(story.surges)
  if (charts.length === 0) return null
  const legend: readonly LegendEntry[] = [
    { glyph: '▬', paint: 'offered', says: 'clicks asked for' },
    { glyph: '▬', paint: 'good', says: 'answered well' },
  ]
  return (
    <Section
      id="replay"
      title="The same surge, replayed on the fix"
      lead="Same shoppers, same clicks, same seconds."
    >
      <div class="side-by-side">
        {charts.map((chart, i) => (
          <ChartFigure key={chart.title} chart={chart} title={chart.title} legend={i === 0 ? legend : []} />
        ))}
      </div>
    </Section>
  )
}

/** Every step of every capacity search. */
export function CapacitySection({ story }: Props) {
  const { searches, header, capacity, peak } = story
  const chart = capacityChart(searches, {
    sloMs: header?.scenario.slo['all']?.p95Ms ?? null,
    patienceMs: header?.scenario.patience.timeoutMs ?? null,
    clicksPerShopper: capacity && capacity.perSec > 0 ? capacity.clicksPerSec / capacity.perSec : null,
    peakPerSec: peak?.perSec ?? null,
  })
  if (!chart) return null
  const legend = searches.map(({ label }, i): LegendEntry => {
    const { glyph, paint } = SEARCH_MARKS[i % SEARCH_MARKS.length]!
    return { glyph, paint, says: label }
  })
  return (
    <Section
      id="capacity"
      title="How capacity was found"
      lead="Each mark is one step at a steady rate. Filled: every objective held. Hollow: one was broken. Dotted: not a valid step."
    >
      <ChartFigure
        chart={chart}
        title="Answered, and how fast, against what was asked for"
        legend={[...legend, { glyph: '┄', paint: 'offered', says: 'every click answered' }]}
      />
      {capacity ? <p class="note">Interval: {capacity.method}.</p> : null}
    </Section>
  )
}

/** How busy each resource was over the surge on today's topology. */
export function UtilisationSection({ story, run }: Props) {
  const segment = story.surges[0] ? surgeSegment(run, story.surges[0]) : null
  const uses = segment ? utilisation(segment) : []
  if (uses.length === 0) return null
  return (
    <Section
      id="utilisation"
      title="How busy each resource was"
      lead="Over the surge on today's topology. The dashed line is 100 % of its limit; what reaches it is drawn in orange."
    >
      <div class="multiples">
        {utilisationCharts(uses).map(({ title, svg, summary, hot }) => (
          <figure class={hot ? 'multiple hot' : 'multiple'} key={title}>
            <figcaption>
              <strong>{title}</strong> <span>{summary}</span>
            </figcaption>
            <div role="img" aria-label={`${title}: ${summary}`}>
              <Drawing svg={svg} />
            </div>
          </figure>
        ))}
      </div>
    </Section>
  )
}

/** What the database's sessions waited for, and the statements its time went into. */
export function DatabaseSection({ story, run }: Props) {
  const segment = story.surges[0] ? surgeSegment(run, story.surges[0]) : null
  const sessions = segment ? databaseSessions(segment) : null
  const statements = segment ? topStatements(segment, 8) : []
  if (!sessions && statements.length === 0) return null
  return (
    <Section id="database" title="Inside the database">
      {sessions ? (
        <ChartFigure
          chart={databaseSessionsChart(sessions)}
          title="Sessions at work, by what they wait for"
          legend={kindsPresent(sessions).map((kind) => ({
            glyph: '■',
            paint: SESSION_WORDS[kind].paint,
            says: SESSION_WORDS[kind].name,
          }))}
        />
      ) : null}
      {statements.length > 0 ? (
        <TableBox label="Heaviest statements">
          <table class="stacks">
            <caption>Heaviest statements over the surge on today's topology</caption>
            <thead>
              <tr>
                <th scope="col" class="number">
                  share of time
                </th>
                <th scope="col" class="number">
                  calls
                </th>
                <th scope="col" class="number">
                  mean
                </th>
                <th scope="col">statement</th>
              </tr>
            </thead>
            <tbody>
              {statements.map(({ queryId, query, calls, meanMs, shareRatio }) => (
                <tr key={queryId}>
                  <td class="number" data-label="share of time">
                    {formatPercent(shareRatio)}
                  </td>
                  <td class="number" data-label="calls">
                    {formatCount(calls)}
                  </td>
                  <td class="number" data-label="mean">
                    {formatMs(meanMs, null)}
                  </td>
                  <td>
                    <code class="statement">{query}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      ) : null}
    </Section>
  )
}

/** Every step as figures. */
export function StepsTable({ story }: Props) {
  const patienceMs = story.header?.scenario.patience.timeoutMs ?? null
  return (
    <TableBox label="Steps">
      <table>
        <caption>Every step of every capacity search, in the order they were run</caption>
        <thead>
          <tr>
            {['offered, shoppers/s', 'answered, clicks/s', 'p50', 'p95', 'p99', 'errors'].map((name) => (
              <th scope="col" class="number" key={name}>
                {name}
              </th>
            ))}
            <th scope="col">verdict</th>
          </tr>
        </thead>
        {story.searches.map(({ label, steps }) => (
          <tbody key={label}>
            <tr>
              <th colSpan={7} scope="rowgroup">
                {capitalise(label)}
              </th>
            </tr>
            {steps.map((step) => (
              <tr key={step.segment}>
                <td class="number">{step.offeredPerSec.toFixed(1)}</td>
                <td class="number">{formatCount(step.achievedPerSec)}</td>
                <td class="number">{formatMs(step.p50Ms, patienceMs)}</td>
                <td class="number">{formatMs(step.p95Ms, patienceMs)}</td>
                <td class="number">{formatMs(step.p99Ms, patienceMs)}</td>
                <td class="number">{formatPercent(step.errorRatio)}</td>
                <td>
                  <strong>{step.verdict}</strong>: {step.because}
                </td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </TableBox>
  )
}
