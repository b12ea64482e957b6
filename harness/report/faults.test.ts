import { describe, expect, it } from 'vitest'
import type { FaultResult, RehearseResult } from '../core/result.ts'
import { surgeTimelineChart } from './charts/surge-timeline.ts'
import { renderHtml } from './html.ts'
import { renderMarkdown } from './markdown.ts'
import { incidentMoments, incidentSentence } from './story/moments.ts'
import { renderAnswer } from './terminal.ts'
import { makeRehearsal } from './testing/make-rehearsal.ts'

const fault = (change: Partial<FaultResult>): FaultResult => ({
  kind: 'kill',
  target: 'app-2',
  says: 'app-2 was killed',
  beganSec: 7.6,
  endedSec: 45.2,
  notDone: null,
  ...change,
})
const KILLED = fault({})
const RESTARTED = fault({
  kind: 'restart',
  target: 'balancer',
  says: 'balancer was restarted',
  beganSec: 20,
  endedSec: 20.3,
})
const NOT_DONE = fault({ beganSec: null, endedSec: null, notDone: 'no app-2 runs here' })

/** All three reports of a rehearsal whose surges had these faults. */
function reports(
  faults: readonly (readonly FaultResult[])[],
  kind: 'does-not-hold' | 'invalid' = 'does-not-hold',
) {
  const { result, run } = makeRehearsal(kind)
  const told: RehearseResult = {
    ...result,
    surges: result.surges.map((surge, i) => ({ ...surge, faults: faults[i] ?? [] })),
  }
  return [
    renderAnswer(told, { colour: false, width: 100 }).replace(/\s+/g, ' '),
    renderMarkdown(told, run).replaceAll('\\', ''),
    renderHtml(told, run).replace(/<script\b[\s\S]*?<\/script>/g, ''),
  ]
}

describe('faults of the scenario', () => {
  it('stand on the timeline of every report, with their times', () => {
    for (const report of reports([[KILLED, RESTARTED]])) {
      expect(report).toContain('+0:08–0:45 app-2 was killed')
      expect(report).toContain('+0:20 balancer was restarted')
      expect(report.toLowerCase()).toMatch(/faults? of the scenario/)
    }
  })

  it('say where they were not done, also in a replay', () => {
    for (const report of reports([[KILLED], [NOT_DONE]])) {
      expect(report).toMatch(/on .* not done: app-2 was killed \(no app-2 runs here\)/)
    }
  })

  it('are not spoken of without any, nor where the measurement is not to be believed', () => {
    for (const report of [...reports([]), ...reports([[KILLED]], 'invalid').slice(0, 2)])
      expect(report).not.toMatch(/fault of the scenario|Faults of the scenario|app-2 was killed/)
  })

  it('are marked in the chart by their letters, and told to those who do not see it', () => {
    const { result } = makeRehearsal('does-not-hold')
    const chart = surgeTimelineChart(
      { ...result.surges[0]!, faults: [KILLED, RESTARTED] },
      { sloMs: 300, patienceMs: 3000 },
    )!
    expect(chart.summary).toMatch(/A: app-2 was killed\. B: balancer was restarted\.$/)
    for (const svg of [chart.wideSvg, chart.narrowSvg]) {
      expect(svg).toMatch(/>A</)
      expect(svg).toMatch(/>B</)
    }
  })
})

describe('the moments of an incident with a fault', () => {
  const incident = {
    firstSignSec: 8,
    firstSign: null,
    onsetSec: 9,
    outageStartSec: null,
    outageEndSec: null,
    restoredSec: 16,
    metastable: false,
  }
  const onset = (faults: readonly FaultResult[]) =>
    incidentMoments(incident, faults).find(({ id }) => id === 'onset')?.says

  it('name what acted when the SLO broke', () => {
    expect(onset([KILLED])).toMatch(/\(fault of the scenario: app-2 was killed\)$/)
    expect(onset([RESTARTED])).not.toContain('fault')
  })

  it('restored by itself is what happened while the fault went on, not once it was over', () => {
    expect(incidentSentence(incident, [KILLED])).toMatch(/restored \+0:16 by itself$/)
    expect(incidentSentence(incident, [{ ...KILLED, endedSec: 15.4 }])).toMatch(
      /restored \+0:16 after the fault$/,
    )
  })
})
