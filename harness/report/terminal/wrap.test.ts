import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wrap } from './wrap.ts'

const word = fc.stringMatching(/^[a-z0-9%]{1,12}$/)
const sentence = fc.array(word, { minLength: 1, maxLength: 30 }).map((words) => words.join(' '))
const text = fc.array(sentence, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(' · '))

describe('wrap', () => {
  it('loses no word and keeps their order', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 40, max: 120 }), (one, width) => {
        expect(wrap('  label   ', one, width).replace('  label   ', '').split(/\s+/).join(' ').trim()).toBe(
          one,
        )
      }),
    )
  })

  it('keeps to the width', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 40, max: 120 }), (one, width) => {
        for (const line of wrap('  label   ', one, width).split('\n'))
          expect(line.length).toBeLessThanOrEqual(width)
      }),
    )
  })

  it('breaks between parts first, and never inside a figure or an option', () => {
    expect(wrap('', 'one two three four · five six', 24)).toBe('one two three four ·\nfive six')
    expect(wrap('', 'aaaaaaaaaaaaaaaaaa 98 % of it', 22)).toBe('aaaaaaaaaaaaaaaaaa\n98 % of it')
    expect(wrap('', 'rehearse black-friday --seed 43', 29)).toBe('rehearse black-friday\n--seed 43')
  })
})
