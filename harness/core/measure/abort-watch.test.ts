import { describe, expect, test } from 'vitest'
import type { AbortRule } from '../scenario.ts'
import { slot } from '../testing/build-segment.ts'
import { AbortWatch } from './abort-watch.ts'

const ERRORS: AbortRule = { route: 'all', overSec: 10, objective: { errorRatio: 0.5 } }
const SLOW: AbortRule = { route: 'POST /checkout', overSec: 15, objective: { p95Ms: 5000 } }

/** What fires, and at which second, when every second has these clicks. */
function firesAt(
  rules: readonly AbortRule[],
  second: (sec: number) => readonly Parameters<typeof slot>[0][],
): { readonly sec: number; readonly words: string } | null {
  const watch = new AbortWatch(rules, 0)
  for (let sec = 0; sec < 60; sec++) {
    const lines = second(sec).map((line) => slot({ sec, ...line }))
    for (const line of lines) watch.add(line)
    const words = watch.tick(
      (sec + 1) * 1e6,
      lines.reduce((sum, { n }) => sum + n, 0),
    )
    if (words !== null) return { sec, words }
  }
  return null
}

const GOOD = { n: 10, responseMs: 50 }
const FAILED = { n: 10, outcome: 'given-up' } as const

describe('rules of abortWhen', () => {
  test('do not fire while their bounds hold', () => {
    expect(firesAt([ERRORS, SLOW], () => [GOOD, { ...GOOD, route: 'POST /checkout' }])).toBeNull()
    // Exactly half is not above half.
    expect(firesAt([ERRORS], () => [GOOD, FAILED])).toBeNull()
  })

  test('fire when the share of the whole window is broken, not of one second', () => {
    const fired = firesAt([ERRORS], (sec) => [sec < 20 ? GOOD : FAILED])
    // Six of the ten seconds 16 … 25 are bad when second 26 is over.
    expect(fired).toEqual({ sec: 26, words: '60 % of all clicks failed > 50 % over 10 s (abortWhen)' })
    expect(firesAt([ERRORS], (sec) => [sec === 20 ? { ...FAILED, n: 50 } : GOOD])).toBeNull()
  })

  test('need their whole time, however bad the beginning', () => {
    expect(firesAt([ERRORS], () => [FAILED])?.sec).toBe(10)
  })

  test('look at their own route and at their own time', () => {
    const slow = { n: 5, responseMs: 6000, route: 'POST /checkout' }
    expect(firesAt([SLOW], () => [slow])?.words).toMatch(
      /^p95 of POST \/checkout \d+ ms > 5000 ms over 15 s \(abortWhen\)$/,
    )
    expect(firesAt([SLOW], () => [{ ...slow, route: 'GET /' }])).toBeNull()
    expect(firesAt([ERRORS, SLOW], () => [slow, FAILED])?.sec).toBe(10)
  })

  test('say nothing of a window with too few clicks', () => {
    expect(firesAt([ERRORS], () => [{ ...FAILED, n: 1 }])).toBeNull()
  })
})
