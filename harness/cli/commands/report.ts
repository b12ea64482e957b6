import { assemble } from '../../core/assemble/index.ts'
import { renderHtml } from '../../report/html.ts'
import { toJson } from '../../report/json.ts'
import { renderMarkdown } from '../../report/markdown.ts'
import { renderAnswer } from '../../report/terminal.ts'
import { openRun } from '../../store.ts'
import type { Context, Ending } from '../context.ts'

export const REPORT_FORMATS = ['text', 'html', 'md', 'json'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** `report <ref>`: any run read again, by today's rules, on standard output. */
export function reportCommand(context: Context, ref: string, format: ReportFormat): Ending {
  const { run } = openRun(context.reports, ref)
  const result = assemble(run)
  context.stdout(render(context, { result, run, format: context.options.json ? 'json' : format }))
  return { code: 0, meaning: result.partial ? 'a partial record was read' : 'the record was read' }
}

type Rendering = {
  readonly result: ReturnType<typeof assemble>
  readonly run: Parameters<typeof renderHtml>[1]
  readonly format: ReportFormat
}

function render(context: Context, { result, run, format }: Rendering): string {
  switch (format) {
    case 'html':
      return renderHtml(result, run)
    case 'md':
      return renderMarkdown(result, run)
    case 'json':
      return toJson(result)
    case 'text':
      return `${renderAnswer(result, { colour: context.colour, width: context.columns, header: run.header })}\n`
  }
}
