import { describe, expect, it } from 'vitest'
import type { RehearseResult } from '../core/result.ts'
import { renderHtml } from './html.ts'
import { renderMarkdown } from './markdown.ts'
import { renderAnswer } from './terminal.ts'
import { makeRehearsal } from './testing/make-rehearsal.ts'

const ENDED = 'its load was ended after 21 s: 62 % of all clicks failed > 50 % over 10 s (abortWhen)'

/** All three reports of a rehearsal, the n-th surge of which a rule ended. */
function reports(nth: number, kind: 'does-not-hold' | 'invalid' = 'does-not-hold'): readonly string[] {
  const { result, run } = makeRehearsal(kind)
  const ended: RehearseResult = {
    ...result,
    surges: result.surges.map((surge, i) => (i === nth ? { ...surge, endedEarly: ENDED } : surge)),
  }
  return [
    renderAnswer(ended, { colour: false, width: 100 }).replace(/\s+/g, ' '),
    renderMarkdown(ended, run).replaceAll('\\', '').replaceAll('&gt;', '>'),
    renderHtml(ended, run)
      .replace(/<script\b[\s\S]*?<\/script>/g, '')
      .replaceAll('&gt;', '>'),
  ]
}

describe('a surge whose load a rule ended', () => {
  it('is told of wherever the surge is', () => {
    for (const report of reports(0)) {
      expect(report.toLowerCase()).toContain(
        `the surge on today's shop was not carried: ${ENDED.toLowerCase()}`,
      )
    }
  })

  it('is told of as a replay when it was one', () => {
    const { result } = makeRehearsal('does-not-hold')
    const label = result.surges[1]!.label.toLowerCase()
    for (const report of reports(1)) {
      expect(report.toLowerCase()).toContain(`the surge on ${label} was not carried: its load was ended`)
    }
  })

  it('is nothing to tell of a measurement that is not to be believed', () => {
    for (const report of reports(0, 'invalid')) expect(report).not.toContain('abortWhen')
  })
})
