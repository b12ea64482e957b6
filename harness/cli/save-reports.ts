import type { AnyResult } from '../core/result.ts'
import type { RunData } from '../core/run-data.ts'
import { renderHtml } from '../report/html.ts'
import { toJson } from '../report/json.ts'
import { renderMarkdown } from '../report/markdown.ts'

/** `result.json`, `report.html` and `report.md` of one result. */
export function saveReports(
  save: (name: string, text: string) => string,
  result: AnyResult,
  run: RunData,
): void {
  const named = 'report' in result ? { ...result, report: 'report.html' } : result
  save('result.json', toJson(named))
  save('report.md', renderMarkdown(named, run))
  save('report.html', renderHtml(named, run))
}
