import { expect, test } from 'vitest'
import { DEFAULT_HTTP } from '../plan.ts'
import { HTTP_INPUT } from './http-input.ts'

test('what is left out has its default', () => {
  expect(HTTP_INPUT.parse(undefined)).toEqual(DEFAULT_HTTP)
  expect(HTTP_INPUT.parse({})).toEqual(DEFAULT_HTTP)
})

test('everything can be said', () => {
  expect(
    HTTP_INPUT.parse({
      connections: 'per-shopper',
      certificates: 'any',
      redirects: 'keep',
      timeouts: { connect: '2s', body: '500ms' },
      maxBody: '64kB',
      client: 'undici',
    }),
  ).toEqual({
    connections: 'per-shopper',
    certificates: 'any',
    redirects: 0,
    timeoutMs: { connect: 2000, headers: null, body: 500 },
    maxBodyBytes: 64_000,
    client: 'undici',
  })
})

test.each([
  { connections: 'many' },
  { certificates: 'none' },
  { timeouts: { connect: '2 min' } },
  { timeouts: { total: '2s' } },
  { maxBody: '1GB' },
  { maxBody: '8' },
  { follow: true },
])('%j is refused', (input) => {
  expect(HTTP_INPUT.safeParse(input).success).toBe(false)
})
