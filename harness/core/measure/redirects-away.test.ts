import { describe, expect, it } from 'vitest'
import type { SlotLine } from '../record.ts'
import { buildRun } from '../testing/build-run.ts'
import { redirectsAway } from './redirects-away.ts'
import { surgeResult } from './surge.ts'

const run = buildRun({ segments: [{ purpose: 'surge', perSec: 20, durationSec: 20 }] })
const attempts = (route: string, n: number, status?: number): SlotLine => ({
  kind: 'slot',
  segment: 0,
  sec: 3,
  of: 'attempt',
  route,
  outcome: 'ok',
  ...(status !== undefined && { status }),
  n,
  timesUs: [5000, n],
})
const segment = (slots: readonly SlotLine[]) => {
  const [first] = run.segments
  return { ...first!, slots: [...first!.slots.filter(({ of }) => of === 'click'), ...slots] }
}

describe('redirects that leave the site', () => {
  it('are told by route when they are many', () => {
    const measured = segment([
      attempts('GET /', 100, 302),
      attempts('GET /a', 95),
      attempts('GET /a', 5, 302),
    ])
    expect(redirectsAway(measured)).toEqual([{ route: 'GET /', n: 100, ratio: 1 }])
    expect(surgeResult(run, measured).redirectsAway).toEqual([{ route: 'GET /', n: 100, ratio: 1 }])
  })

  it('are none where the scenario keeps redirects, nor are other statuses', () => {
    const measured = segment([attempts('GET /', 100, 302)])
    const http = { ...measured.line.plan.http!, redirects: 0 }
    const kept = { ...measured, line: { ...measured.line, plan: { ...measured.line.plan, http } } }
    expect(redirectsAway(kept)).toEqual([])
    expect(redirectsAway(segment([attempts('GET /', 100, 304), attempts('GET /', 3)]))).toEqual([])
    expect(surgeResult(run, segment([attempts('GET /', 100)]))).not.toHaveProperty('redirectsAway')
  })
})
