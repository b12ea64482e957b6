import { describe, expect, it } from 'vitest'
import { readAttach } from './attach-input.ts'
import { HarnessError } from './core/errors.ts'

const VARIABLES = { SHOP: 'postgres://me:geheim@db.internal/shop', PAGE: 'http://admin:geheim@lb:8404/stats' }

function refusal(input: unknown): HarnessError {
  try {
    readAttach(input as Parameters<typeof readAttach>[0], 'here', VARIABLES)
  } catch (error) {
    if (error instanceof HarnessError) return error
  }
  throw new Error('was not refused')
}

describe('what is attached to', () => {
  it('takes connection strings from the environment, and keeps only the name to show', () => {
    const spec = readAttach(
      { target: 'http://localhost:3000', postgres: 'env:SHOP', haproxy: 'env:PAGE' },
      'here',
      VARIABLES,
    )
    expect(spec.postgres).toEqual({ name: 'SHOP', url: VARIABLES.SHOP })
    expect(spec.haproxy).toBe(VARIABLES.PAGE)
    expect(spec).toMatchObject({ postgresCores: null, levers: [], prometheus: [], allowDdl: false })
  })

  it('refuses a connection string itself, without showing it, and says how to give it', () => {
    const error = refusal({ postgres: VARIABLES.SHOP })
    expect(error.code).toBe('usage')
    expect(`${error.message} ${error.where} ${error.hint}`).not.toContain('geheim')
    expect(error.message).toContain('env:NAME')
  })

  it('names a variable that is not set, or that holds something else', () => {
    expect(refusal({ postgres: 'env:NOPE' }).message).toContain('NOPE is not set')
    const other = refusal({ postgres: 'env:PAGE' })
    expect(other.message).toContain('PAGE holds no postgres:// address')
    expect(other.message).not.toContain('geheim')
  })

  it('refuses a target with a password in it: it would be written to the record', () => {
    expect(refusal({ target: 'http://me:geheim@localhost:3000' }).message).not.toContain('geheim')
  })

  it.each([
    ['a target', { target: 'http://me:geheim@localhost:3000' }, /target: it holds a user name or a password/],
    ['metrics', { prometheus: [{ url: 'http://me:geheim@h/m' }] }, /url: it holds .* give env:NAME/],
    ['a statistics page', { haproxy: 'http://me:geheim@h/stats' }, /haproxy: it holds .* give env:NAME/],
  ])('says that the password is why %s is refused', (_, input, words) => {
    const { message, hint } = refusal(input)
    expect(message).toMatch(words)
    expect(`${message} ${hint}`).not.toContain('geheim')
    expect(hint).toContain('Write it without')
  })

  it('mends what is wrong: connection strings are not the cure for everything', () => {
    expect(refusal({ postgres: 'env:NOPE' }).hint).toContain('export DATABASE_URL')
    for (const input of [
      { target: 'localhost' },
      { prometheus: [{ url: 'nowhere' }] },
      { levers: [{ id: 'app.scale-out', step: 'two', apply: ['up'], undo: ['down'] }] },
    ])
      expect(refusal(input).hint).not.toContain('DATABASE_URL')
    expect(refusal({ prometheus: [{ url: 'nowhere' }] }).message).toContain('url: expected an address')
  })

  it('tells every problem at once', () => {
    const { message } = refusal({ target: 'localhost', postgresCores: -1, colour: 'red' })
    expect(message).toMatch(/3 problem\(s\)[\s\S]*target[\s\S]*postgresCores[\s\S]*colour/)
  })

  it('reads levers with their time limit', () => {
    const lever = { id: 'app.scale-out' as const, step: 2, apply: ['up'], undo: ['down'], timeout: '90s' }
    const { levers } = readAttach({ levers: [lever] }, 'here', {})
    expect(levers).toEqual([
      { id: lever.id, step: 2, apply: ['up'], undo: ['down'], ready: null, timeoutMs: 90_000 },
    ])
  })
})
