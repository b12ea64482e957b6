import { describe, expect, it } from 'vitest'
import { buildRun } from '../core/testing/build-run.ts'
import { type SecondSpec, series } from '../core/testing/build-segment.ts'
import { liveView } from './live-view.ts'

const SLO = { all: { p95Ms: 300, errorRatio: 0.01 } }

/** What is shown after these seconds of a surge at 40 shoppers/s, the lines in the order the engine tells them. */
function shownAfter(seconds: number, second: SecondSpec = {}): string {
  const [segment] = buildRun({
    segments: [{ purpose: 'surge', perSec: 40, durationSec: 30, second: () => second }],
  }).segments
  const { line, slots } = segment!
  const view = liveView(SLO)
  view.observe(line)
  for (let sec = 0; sec < seconds; sec++) {
    for (const slot of slots) if (slot.sec === sec - 1) view.observe(slot)
    view.observe(
      series(line.startUs + (sec + 1) * 1e6, 'generator', 'generator', 'engine', {
        intended: 160,
        sendLagP99Ms: 0.4,
      }),
    )
  }
  return view.text()
}

describe('the live view', () => {
  it('says what is asked and answered at once, and how the last ten seconds went when there are ten', () => {
    expect(shownAfter(5)).toMatch(/^160 clicks\/s asked · 100 % right and fast$/)
    expect(shownAfter(12)).toMatch(/^160 clicks\/s asked · 100 % right and fast · last 10 s: p95 \d+ ms ✓$/)
  })

  it('says that they broke an objective', () => {
    expect(shownAfter(12, { responseMs: 400 })).toMatch(/ · last 10 s: p95 1\d\d\d ms ✗$/)
    expect(shownAfter(12, { errorRatio: 0.3 })).toMatch(/ · last 10 s: over 5 % failed ✗$/)
    // Fast enough, and yet not right often enough.
    expect(shownAfter(12, { errorRatio: 0.03 })).toMatch(/ · last 10 s: p95 \d+ ms ✗$/)
  })

  it('waits for answers before there are any', () => {
    const view = liveView(SLO)
    expect(view.text()).toBe('0 clicks/s asked · waiting for answers')
  })
})
