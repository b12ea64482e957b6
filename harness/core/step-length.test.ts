import { expect, test } from 'vitest'
import { stepLengthSec } from './step-length.ts'

test.each([
  ['nothing is known yet', { clicksEach: null }, 2],
  ['nobody clicked', { clicksEach: 0 }, 2],
  ['enough clicks come in the usual time', { clicksEach: 8 }, 2],
  ['59 clicks and some reserve take 8 s', { clicksEach: 1.9 }, 8],
  ['it would take a minute', { clicksEach: 0.1 }, 8],
  ['at four times the load it takes a quarter', { clicksEach: 1.9, perSec: 21.2 }, 2],
])('a step is as long as it takes to count enough clicks: %s', (_what, known, sec) => {
  const step = { usualSec: 2, perSec: 5.3, clicksNeeded: 59, ...known }
  expect(stepLengthSec(step)).toBe(sec)
})
