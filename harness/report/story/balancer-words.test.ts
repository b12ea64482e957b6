import { expect, test } from 'vitest'
import { balancerWords } from './balancer-words.ts'

const EMBEDDED = { engine: 'embedded', algorithm: 'least-connections' } as const
const HAPROXY = { engine: 'haproxy', algorithm: 'random-two' } as const
const NONE = { engine: 'none', algorithm: 'least-connections' } as const

test.each([
  [[EMBEDDED], 'Doorbuster’s own (node:http and undici), least-connections'],
  [[HAPROXY], 'HAProxy, random-two'],
  [
    [NONE, EMBEDDED],
    'none: shoppers reached the first app server; with fixes: Doorbuster’s own (node:http and undici), least-connections',
  ],
  [[], null],
  [undefined, null],
])('%j', (balancers, words) => {
  expect(balancerWords(balancers)).toBe(words)
})
