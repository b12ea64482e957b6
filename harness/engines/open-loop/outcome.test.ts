import { describe, expect, it } from 'vitest'
import { errorOutcome, leavesInDoubt, statusOutcome } from './outcome.ts'

describe('an outcome', () => {
  it.each([
    ['timeout', null, true],
    ['reset', null, true],
    ['wrong-status', 502, true],
    ['wrong-status', 504, true],
    ['wrong-status', 500, true],
    ['wrong-status', 503, true],
    ['wrong-status', 409, false],
    ['shed', 503, false],
    ['refused', null, false],
    ['ok', 201, false],
  ] as const)('of %s, status %s, leaves it open what became of the request: %s', (outcome, status, open) => {
    expect(leavesInDoubt(outcome, status)).toBe(open)
  })

  it.each([
    [200, false, 'ok'],
    [204, false, 'ok'],
    [302, false, 'ok'],
    [404, false, 'wrong-status'],
    [500, true, 'wrong-status'],
    [503, false, 'wrong-status'],
    [503, true, 'shed'],
  ] as const)('of status %i, Retry-After %s, is %s', (status, retryAfter, outcome) => {
    expect(statusOutcome(status, retryAfter)).toBe(outcome)
  })

  it.each([
    ['ECONNREFUSED', 'refused'],
    ['ECONNRESET', 'reset'],
    ['UND_ERR_SOCKET', 'reset'],
    ['ENOTFOUND', 'dns'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['INVALID_PURPOSE', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['HPE_INVALID_CONSTANT', 'reset'],
  ] as const)('of error %s is %s', (code, outcome) => {
    expect(errorOutcome(Object.assign(new Error(code), { code }))).toBe(outcome)
  })

  it('of several addresses tried, or of a wrapped error, is that of what lies beneath', () => {
    const refused = Object.assign(new Error(), { code: 'ECONNREFUSED' })
    expect(errorOutcome(new AggregateError([refused]))).toBe('refused')
    expect(errorOutcome(new TypeError('fetch failed', { cause: refused }))).toBe('refused')
    expect(errorOutcome('odd')).toBe('reset')
  })
})
