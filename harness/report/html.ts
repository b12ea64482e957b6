import { h } from 'preact'
import { renderToString } from 'preact-render-to-string'
import type { AnyResult } from '../core/result.ts'
import type { RunData } from '../core/run-data.ts'
import { toJson } from './json.ts'
import { ReportPage } from './page/report-page.tsx'
import { toStory } from './story/story.ts'

/** The report as one self-contained HTML file: no network, no script needed, light and dark, desk, phone and paper. */
export function renderHtml(result: AnyResult, run: RunData): string {
  const story = toStory(result, run.header)
  return `<!doctype html>\n${renderToString(h(ReportPage, { story, run, json: embeddedJson(result) }))}\n`
}

/** JSON that cannot end the script element it stands in: "<" only occurs inside strings, where its escape is the same. */
function embeddedJson(result: AnyResult): string {
  return JSON.stringify(JSON.parse(toJson(result))).replaceAll('<', '\\u003c')
}
