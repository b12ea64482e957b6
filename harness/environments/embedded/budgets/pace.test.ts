import { describe, expect, it } from 'vitest'
import { Pace } from './pace.ts'

/** A core whose speed is what `now` says, and whose readings stray by up to 20 %. */
function shaky(now: () => number): () => number {
  let n = 0
  return () => now() * (1 + 0.2 * Math.sin(n++ * 12.9898))
}

describe('Pace', () => {
  it('follows the speed of a core within two seconds, and stays within 5 %', () => {
    let speed = 1.6
    const pace = new Pace(
      1,
      shaky(() => speed),
    )
    expect(pace.speed / 1.6).toBeCloseTo(1, 0)
    for (const next of [1, 1.6, 0.9]) {
      speed = next
      for (let i = 0; i < 30; i++) pace.observe()
      for (let i = 0; i < 50; i++) {
        pace.observe()
        expect(Math.abs(pace.speed / next - 1)).toBeLessThan(0.08)
      }
    }
  })

  it('is not led astray by a single reading', () => {
    let reading = 1
    const pace = new Pace(1, () => reading)
    reading = 5
    pace.observe()
    reading = 1
    pace.observe()
    pace.observe()
    expect(pace.speed).toBeLessThan(1.45)
    for (let i = 0; i < 30; i++) pace.observe()
    expect(pace.speed).toBeCloseTo(1, 1)
  })

  it('gives a slower core more time and a faster one less, as far as the machine has it', () => {
    expect(new Pace(1, () => 0.8).cores(0.2, 1, 2)).toBeCloseTo(0.25)
    expect(new Pace(1, () => 1.6).cores(0.2, 1, 2)).toBeCloseTo(0.125)
    expect(new Pace(2, () => 2).cores(0.2, 1, 2)).toBeCloseTo(0.2)
    expect(new Pace(1, () => 0.5).cores(0.2, 1.5, 1.8)).toBeCloseTo(0.24)
  })
})
