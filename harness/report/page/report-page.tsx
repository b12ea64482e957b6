/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { RunData } from '../../core/run-data.ts'
import { formatWhen } from '../format.ts'
import type { Story } from '../story/story.ts'
import { AnswerSection } from './answer-section.tsx'
import { Appendix, SignOffSection } from './appendix.tsx'
import { CauseSection } from './cause-section.tsx'
import { CoverageSection } from './coverage-section.tsx'
import { CapacitySection, DatabaseSection, ReplaySection, UtilisationSection } from './evidence-charts.tsx'
import { FixesSection } from './fixes-section.tsx'
import { ImpactSection } from './impact-section.tsx'
import { IncidentSection } from './incident-section.tsx'
import { NextStepSection, NotTestedSection } from './limits-section.tsx'
import { STYLE } from './style.ts'

/** Nothing may be fetched, whatever a record holds; styles and drawings are inline. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** The whole report as one document: the answer first, then the evidence, then the details. */
export function ReportPage(props: { readonly story: Story; readonly run: RunData; readonly json: string }) {
  const { story, run, json } = props
  const { result } = story
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content={`Doorbuster ${run.header.version}`} />
        <title>{`${run.header.scenario.name}: ${result.headline}`}</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <header class="masthead">
          <span class="brand">Doorbuster</span>
          <span>{result.command}</span>
          <span class="run-id">
            {result.run} · {formatWhen(run.header.startedAt)}
          </span>
        </header>
        <main>
          <AnswerSection story={story} />
          <CoverageSection story={story} />
          <IncidentSection story={story} />
          <CauseSection story={story} />
          <FixesSection story={story} />
          <ImpactSection story={story} />
          <NotTestedSection story={story} />
          <NextStepSection story={story} />
          <ReplaySection story={story} run={run} />
          <CapacitySection story={story} run={run} />
          <UtilisationSection story={story} run={run} />
          <DatabaseSection story={story} run={run} />
          <SignOffSection story={story} />
          <Appendix story={story} run={run} />
        </main>
        <footer>
          Made by Doorbuster {run.header.version}. This file is complete in itself: it loads nothing, and
          holds the result as JSON.
        </footer>
        <script type="application/json" id="result" dangerouslySetInnerHTML={{ __html: json }} />
      </body>
    </html>
  )
}
