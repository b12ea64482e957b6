import { describe, expect, it } from 'vitest'
import { Pace } from './pace.ts'

/** A core whose speed is what `now` says, and whose readings stray by up to 20 %. */
function shaky(now: () => number): () => number {
  let n = 0
  return () => now() * (1 + 0.2 * Math.sin(n++ * 12.9898))
}

describe('Pace', () => {
  it('follows the speed of a core within one and a half seconds, and stays near it', () => {
    let speed = 1.6
    const pace = new Pace(
      1,
      shaky(() => speed),
    )
    for (const next of [1.6, 1, 1.6, 0.9]) {
      speed = next
      for (let i = 0; i < 150; i++) pace.observe()
      for (let i = 0; i < 50; i++) {
        pace.observe()
        expect(Math.abs(pace.speed / next - 1)).toBeLessThan(0.08)
      }
    }
  })

  it('is not led astray by a single reading', () => {
    let reading = 1
    const pace = new Pace(1, () => reading)
    for (let i = 0; i < 30; i++) pace.observe()
    reading = 5
    pace.observe()
    reading = 1
    pace.observe()
    pace.observe()
    expect(pace.speed).toBeLessThan(1.45)
    for (let i = 0; i < 30; i++) pace.observe()
    expect(pace.speed).toBeCloseTo(1, 1)
  })

  it('takes no notice of a reading in which no time passed', () => {
    let reading = 1.5
    const pace = new Pace(1, () => reading)
    pace.observe()
    reading = Number.POSITIVE_INFINITY
    pace.observe()
    expect(pace.speed).toBe(1.5)
  })

  it('counts the mean of a core that switches between two speeds', () => {
    let n = 0
    const pace = new Pace(1, () => (n++ % 4 === 0 ? 1.8 : 1))
    for (let i = 0; i < 200; i++) pace.observe()
    expect(pace.speed).toBeGreaterThan(1.1)
    expect(pace.speed).toBeLessThan(1.3)
  })

  it('gives a slower core more time and a faster one less, as far as the machine has it', () => {
    const paced = (nominal: number, speed: number) => {
      const pace = new Pace(nominal, () => speed)
      pace.observe()
      return pace
    }
    expect(paced(1, 0.8).cores(0.2, 1, 2)).toBeCloseTo(0.25)
    expect(paced(1, 1.6).cores(0.2, 1, 2)).toBeCloseTo(0.125)
    expect(paced(2, 2).cores(0.2, 1, 2)).toBeCloseTo(0.2)
    expect(paced(1, 0.5).cores(0.2, 1.5, 1.8)).toBeCloseTo(0.24)
  })
})
