import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { series } from '../testing/build-segment.ts'
import { completionsBySecond } from './completions.ts'

function reading(atSec: number, completed: number, component = 'generator') {
  return series(Math.round(atSec * 1e6), 'generator', 'generator', component, { completed })
}

describe('completionsBySecond', () => {
  it('shares a reading out over the seconds it reaches into', () => {
    const bySecond = completionsBySecond([reading(10.5, 100), reading(11.5, 60)], 10e6)
    expect([...bySecond]).toEqual([
      [-1, 50],
      [0, 80],
      [1, 30],
    ])
  })

  it('adds workers up and loses nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { minLength: 1, maxLength: 20 }), (counts) => {
        const readings = counts.flatMap((n, i) => [reading(i + 1.25, n, 'a'), reading(i + 1.7, 2 * n, 'b')])
        const total = [...completionsBySecond(readings, 0).values()].reduce((sum, n) => sum + n, 0)
        expect(total).toBeCloseTo(3 * counts.reduce((sum, n) => sum + n, 0), 6)
      }),
    )
  })
})
