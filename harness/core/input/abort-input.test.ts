import { expect, test } from 'vitest'
import { ABORT_INPUT } from './abort-input.ts'

test('no rules are the default', () => {
  expect(ABORT_INPUT.parse(undefined)).toEqual([])
  expect(ABORT_INPUT.parse([])).toEqual([])
})

test('rules are read, ten seconds when nothing else is said', () => {
  expect(
    ABORT_INPUT.parse([
      { route: 'all', errors: '> 50%' },
      { route: 'POST /checkout', p95: '>5s', p99: '> 900ms', for: '15s' },
      { route: 'GET /products/:id', p50: '> 1s', errors: '>0%', for: '0.5min' },
    ]),
  ).toEqual([
    { route: 'all', overSec: 10, objective: { errorRatio: 0.5 } },
    { route: 'POST /checkout', overSec: 15, objective: { p95Ms: 5000, p99Ms: 900 } },
    { route: 'GET /products/:id', overSec: 30, objective: { p50Ms: 1000, errorRatio: 0 } },
  ])
})

test.each<[string, unknown]>([
  ['a rule without its list', { route: 'all', errors: '> 50%' }],
  ['no route', [{ errors: '> 50%' }]],
  ['a route without its method', [{ route: '/checkout', errors: '> 50%' }]],
  ['no bound', [{ route: 'all', for: '10s' }]],
  ['the sign of an objective', [{ route: 'all', errors: '< 50%' }]],
  ['no sign', [{ route: 'all', p95: '5s' }]],
  ['a share that nothing is above', [{ route: 'all', errors: '> 100%' }]],
  ['a time of nothing', [{ route: 'all', p95: '> 0s' }]],
  ['too short', [{ route: 'all', errors: '> 50%', for: '9s' }]],
  ['too long', [{ route: 'all', errors: '> 50%', for: '31s' }]],
  ['half seconds', [{ route: 'all', errors: '> 50%', for: '10.5s' }]],
  ['a misspelt key', [{ route: 'all', error: '> 50%' }]],
])('%s is refused', (_, input) => {
  expect(ABORT_INPUT.safeParse(input).success).toBe(false)
})
