import { expect, test } from 'vitest'
import { readThinkTime } from './think-time.ts'

test.each([
  ['1s', { kind: 'fixed', ms: 1000 }],
  ['0.3s..2s', { kind: 'uniform', minMs: 300, maxMs: 2000 }],
  ['exponential(2s)', { kind: 'exponential', meanMs: 2000 }],
  ['log-normal(1.5s, 0.8)', { kind: 'log-normal', medianMs: 1500, sigma: 0.8 }],
  [' log-normal( 500ms,1 ) ', { kind: 'log-normal', medianMs: 500, sigma: 1 }],
])('%j is a think time', (text, think) => {
  expect(readThinkTime(text)).toEqual(think)
})

test.each([
  '',
  '2s..1s',
  '1s..2s..3s',
  '11min',
  'exponential(2s, 1)',
  'exponential(20min)',
  'log-normal(2s)',
  'log-normal(2s, 4)',
  'normal(2s, 1)',
])('%j is none', (text) => {
  expect(readThinkTime(text)).toBeNull()
})
