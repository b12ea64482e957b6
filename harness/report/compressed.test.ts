import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { assembleRehearsal } from '../core/assemble/rehearsal.ts'
import { assembleRun } from '../core/assemble/single.ts'
import type { RunData } from '../core/run-data.ts'
import { buildRun } from '../core/testing/build-run.ts'
import { renderHtml } from './html.ts'
import { renderMarkdown } from './markdown.ts'
import { renderAnswer } from './terminal.ts'

/** Twenty seconds of ten shoppers/s that break the SLO from second 8 to 14, or not at all. */
function runOf(breaks: boolean, speed?: number): RunData {
  return buildRun({
    scenario: { curveLabel: `replay ×${speed ?? 1}`, ...(speed !== undefined && { speed }) },
    segments: [
      {
        purpose: 'surge',
        perSec: 10,
        durationSec: 20,
        second: (sec) => (breaks && sec >= 8 && sec < 14 ? { errorRatio: 1 } : {}),
      },
    ],
    invariants: [{ atUs: 1, arm: 0, name: 'no oversell', held: true, detail: 'no rows' }],
  })
}

/** What a reader sees, without the details: they explain every word there is. */
const visible = (page: string) =>
  page
    .replace(/<section id="details"[\s\S]*/, '')
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')

const RENDERED: readonly [string, (run: RunData) => string][] = [
  ['terminal', (run) => renderAnswer(assembleRun(run)!, { colour: false, width: 100 })],
  ['terminal, rehearsal', (run) => renderAnswer(assembleRehearsal(run), { colour: false, width: 100 })],
  ['markdown', (run) => renderMarkdown(assembleRun(run)!, run)],
  ['html', (run) => visible(renderHtml(assembleRun(run)!, run))],
]

describe('a compressed replay', () => {
  test('has rates and a verdict, and neither moments nor losses, in a result that keeps to its schema', () => {
    const run = assembleRun(runOf(true, 60))!
    expect(run).toMatchObject({ verdict: 'does-not-hold', impact: null, surge: { impact: null } })
    expect(run.incident).toEqual(run.surge.incident)
    expect(Object.values(run.incident).every((moment) => moment === null)).toBe(true)
    expect(run.headline).not.toMatch(/\+\d/)
    const rehearsal = assembleRehearsal(runOf(true, 60))
    expect(rehearsal).toMatchObject({ verdict: 'does-not-hold', impact: null, surges: [{ impact: null }] })

    const schema = JSON.parse(readFileSync(new URL('./result.schema.json', import.meta.url), 'utf8'))
    const validate = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(schema)
    for (const result of [run, rehearsal]) {
      validate(JSON.parse(JSON.stringify(result)))
      expect(validate.errors).toBeNull()
    }
  })

  test.each(RENDERED)('%s: says so, and tells no moment and no loss', (_, render) => {
    for (const breaks of [true, false]) {
      const text = render(runOf(breaks, 60))
      expect(text).toContain('replay ×60')
      expect(text).not.toMatch(
        /timeline|first sign|complete outage|restored|orders? lost|revenue|turned away/i,
      )
      expect(text).not.toMatch(/never broken|null|undefined|NaN/)
      expect(text).toContain('held')
    }
  })

  test.each(RENDERED)('%s: at real speed tells both', (_, render) => {
    const text = render(runOf(true))
    expect(text).toMatch(/orders? lost/i)
    expect(text).toMatch(/SLO broken/)
  })
})
