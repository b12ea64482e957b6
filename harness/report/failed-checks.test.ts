import { expect, it } from 'vitest'
import type { RehearseResult } from '../core/result.ts'
import { renderHtml } from './html.ts'
import { renderMarkdown } from './markdown.ts'
import { renderAnswer } from './terminal.ts'
import { makeRehearsal } from './testing/make-rehearsal.ts'

function reports(failedChecks: RehearseResult['surges'][number]['failedChecks']): readonly string[] {
  const { result, run } = makeRehearsal('does-not-hold')
  const told: RehearseResult = {
    ...result,
    surges: result.surges.map((surge, i) => (i === 0 ? { ...surge, failedChecks } : surge)),
  }
  return [
    renderAnswer(told, { colour: false, width: 100 }).replace(/\s+/g, ' '),
    renderMarkdown(told, run).replaceAll('\\', ''),
    renderHtml(told, run).replace(/<script\b[\s\S]*?<\/script>/g, ''),
  ]
}

it('what journeys found wrong with pages is told in every report, the most frequent first', () => {
  const checks = [
    { reason: 'journey buyer threw: boom', n: 378 },
    { reason: 'total is right', n: 12 },
    { reason: 'x'.repeat(500), n: 2 },
    { reason: 'rare', n: 1 },
  ]
  for (const report of reports(checks)) {
    expect(report).toMatch(
      /378 × journey buyer threw: boom, 12 × total is right, 2 × x{50,} ?x*…, and others/,
    )
    expect(report).not.toContain('rare')
  }
})

it('nothing is told when nothing was found', () => {
  for (const report of reports([])) expect(report).not.toContain('were not right')
})

it('a reason is text, whatever it holds', () => {
  const [terminal = '', , html = ''] = reports([{ reason: '<b>\u001b[2J', n: 1 }])
  expect(terminal).not.toContain('\u001b')
  expect(html).not.toContain('<b>\u001b')
})
