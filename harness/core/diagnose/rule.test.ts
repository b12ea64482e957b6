import { describe, expect, it } from 'vitest'
import { FIX_IDS, FIXES } from '../fixes/index.ts'
import { RULES } from './index.ts'
import { decisiveFixes, predicts, type Rule } from './rule.ts'

const rule = (patch: Partial<Rule>): Rule => ({
  class: 'cache-stampede',
  predictions: {},
  decisive: 'those-that-help',
  assess: () => ({
    judged: true,
    only: null,
    score: 0,
    evidence: [],
    ruledOutBecause: null,
    resource: null,
    says: '',
  }),
  ...patch,
})

describe('what a class says of fixes', () => {
  it('is what the fixes say of themselves, where it does not know better', () => {
    for (const id of FIX_IDS.filter((fix) => FIXES[fix].tellsCause))
      expect(predicts(rule({}), id)).toBe(FIXES[id].helps.includes('cache-stampede') ? 'up' : 'none')
    expect(predicts(rule({ predictions: { 'database.scale-up': 'up' } }), 'database.scale-up')).toBe('up')
  })

  it('is nothing of a fix that changes several things: it confirms no cause, and refutes none', () => {
    for (const id of FIX_IDS.filter((fix) => !FIXES[fix].tellsCause)) {
      expect(predicts(rule({}), id)).toBeNull()
      for (const one of RULES) expect(decisiveFixes(one)).not.toContain(id)
    }
  })

  it('decides by one fix, by every fix that helps against it, or by none', () => {
    expect(decisiveFixes(rule({}))).toEqual(['cache.single-flight'])
    expect(decisiveFixes(rule({ class: 'generator' }))).toEqual([])
    expect(decisiveFixes(rule({ decisive: 'app.scale-out' }))).toEqual(['app.scale-out'])
    expect(decisiveFixes(rule({ decisive: null }))).toEqual([])
  })

  it.each(RULES)('$class is helped by whatever could confirm it', (one) => {
    for (const fix of decisiveFixes(one)) expect(predicts(one, fix)).toBe('up')
  })
})
