import { describe, expect, it } from 'vitest'
import type { Conductor } from './conduct.ts'
import type { StepResult, StepVerdict } from './core/result.ts'
import { type Shape, surgeAtLimit } from './core/testing/surge-at-limit.ts'
import { causeTeller } from './early-cause.ts'

const CLEAR: Shape = { database: 0.98, onCpu: 6, queryMs: 60, slow: true }
const DOUBTFUL: Shape = { database: 0.98, app: 0.98, onCpu: 1, waiting: 9, loopBusy: 0.99, slow: true }

/** A teller of a run that broke as `limit` says, `nowSec` after its start; `said` is what people read. */
function tellerOf(limit: Shape, clock = { nowSec: 60 }) {
  const run = surgeAtLimit(limit)
  const said: string[] = []
  const marks: string[] = []
  const conductor = {
    data: () => run,
    event: (_: string, what: string) => marks.push(what),
    clock: { nowUs: () => clock.nowSec * 1e6 },
  } as unknown as Conductor
  const teller = causeTeller({ conductor } as Parameters<typeof causeTeller>[0], {
    phase: () => {},
    expect: () => {},
    say: (text) => said.push(text),
  })
  return { teller, said, marks, clock }
}

const step = (verdict: StepVerdict) => ({ verdict }) as StepResult

describe('causeTeller', () => {
  it('says after the surge what is suspected, and waits for a step that fails', () => {
    const { teller, said, marks } = tellerOf(CLEAR)
    teller.afterSurge()
    expect(said).toEqual([expect.stringMatching(/does not hold \(suspected: database-cpu\)/)])
    teller.afterStep(step('pass'))
    teller.afterStep(step('invalid'))
    expect(said).toHaveLength(1)
    expect(marks).toEqual([])
  })

  it('says between which classes it is open', () => {
    const { teller, said } = tellerOf(DOUBTFUL)
    teller.afterSurge()
    expect(said).toEqual([
      expect.stringMatching(/suspected: (database-cpu or app-cpu|app-cpu or database-cpu)\)/),
    ])
  })

  it('waits no longer than 90 s, and not beyond the search', () => {
    const late = tellerOf(DOUBTFUL)
    late.teller.afterSurge()
    late.teller.afterStep(step('fail'))
    expect(late.said).toHaveLength(1)
    late.clock.nowSec = 91
    late.teller.afterStep(step('pass'))
    late.teller.afterSearch()
    expect(late.said).toHaveLength(2)
    expect(late.said[1]).toMatch(/^cause/)
    const searched = tellerOf(DOUBTFUL)
    searched.teller.afterSurge()
    searched.teller.afterSearch()
    expect(searched.said).toHaveLength(2)
    expect(searched.marks).toEqual(['cause'])
  })
})
