import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReplayShape } from '../scenario.ts'
import { expectedArrivals, peakPerSec, rateAt } from './curve.ts'
import { drawReplay } from './draw-replay.ts'
import { arrivalsWithin, recordingOf } from './recording.ts'
import { busiest, lasting, longestSec, replayWindow } from './replay-window.ts'

function replayOf(timesSec: readonly number[], parts: Partial<ReplayShape> = {}): ReplayShape {
  const recording = recordingOf(Float64Array.from(timesSec, (sec) => Math.round(sec * 1e6)))
  const whole = { kind: 'replay', recording, fromUs: 0, speed: 1, normalPerSec: null, peak: null } as const
  return { ...whole, lastsSec: longestSec({ ...whole, ...parts }), ...parts }
}

/** As many a second as the numbers say, at equal distance. */
function perSecond(...counts: readonly number[]): number[] {
  return counts.flatMap((count, sec) => Array.from({ length: count }, (_, i) => sec + i / count))
}

const arrivalsOf = (shape: ReplayShape) => [...arrivalsWithin(shape.recording, replayWindow(shape))]

const TIMES = fc.array(fc.double({ min: 0, max: 1500, noNaN: true }), { minLength: 1, maxLength: 300 })

describe('the curve of a replay', () => {
  test('expects exactly as many arrivals as there are, in every window of it and in all', () => {
    fc.assert(
      fc.property(TIMES, fc.double({ min: 1, max: 100, noNaN: true }), (times, speed) => {
        const shape = replayOf(times, { speed })
        const { curve } = drawReplay(shape, false)
        const arrivals = arrivalsOf(shape)
        expect(arrivals).toHaveLength(times.length)
        expect(expectedArrivals(curve, 0, shape.lastsSec)).toBeCloseTo(times.length, 6)
        for (let i = 0; i < curve.length; i += 2) {
          const [from, to] = [curve[i]!, curve[i + 1]!]
          const within = arrivals.filter((us) => us >= from.atSec * 1e6 && us < to.atSec * 1e6)
          expect(expectedArrivals(curve, from.atSec, to.atSec)).toBeCloseTo(within.length, 6)
        }
      }),
    )
  })

  test('is small, from 0 to its length, in whole seconds but for its end', () => {
    fc.assert(
      fc.property(TIMES, fc.integer({ min: 10, max: 3600 }), (times, halfSec) => {
        const { curve } = drawReplay(replayOf(times, { lastsSec: halfSec / 2 }), false)
        expect(curve.length).toBeLessThanOrEqual(360)
        expect([curve[0]!.atSec, curve.at(-1)!.atSec]).toEqual([0, halfSec / 2])
        expect(curve.slice(0, -1).every(({ atSec }) => Number.isInteger(atSec))).toBe(true)
      }),
    )
  })

  test('has a peak over five seconds and the median as normal, whole minutes or quiet ones', () => {
    const times = perSecond(4, 4, 4, 4, 4, 4, 30, 40, 50, 40, 30, 4, 4, 4, 4)
    expect(drawReplay(replayOf(times), false)).toMatchObject({
      label: 'replay, real speed',
      normalPerSec: 4,
      peakPerSec: 38,
      arrivals: { kind: 'recorded', fromUs: 0, lastsUs: 15e6, speed: 1 },
    })
    // Most seconds are empty: the mean then, 10 ÷ 20 s.
    expect(drawReplay(replayOf(perSecond(8, ...new Array(18).fill(0), 2)), false)).toMatchObject({
      normalPerSec: 0.5,
      peakPerSec: 1.6,
    })
  })

  test('has a normal above nothing and no higher than its peak', () => {
    fc.assert(
      fc.property(TIMES, (times) => {
        const shape = replayOf(times)
        fc.pre(shape.lastsSec >= 5)
        const { normalPerSec, peakPerSec: peak, curve } = drawReplay(shape, false)
        expect(normalPerSec).toBeGreaterThan(0)
        expect(normalPerSec).toBeLessThanOrEqual(peak)
        expect(peakPerSec(curve)).toBeGreaterThan(0)
      }),
    )
  })

  test('goes by the normal and the peak it is given, and sends the same arrivals', () => {
    const times = perSecond(4, 4, 4, 4, 9, 4)
    const given = replayOf(times, { normalPerSec: 2, peak: { kind: 'factor', factor: 3 } })
    expect(drawReplay(given, false)).toMatchObject({ normalPerSec: 2, peakPerSec: 6 })
    expect(drawReplay(given, false).curve).toEqual(drawReplay(replayOf(times), false).curve)
  })

  test('that is compressed says so, and has the rates of the compressed surge', () => {
    const hour = replayOf(perSecond(...new Array(3600).fill(1)), { speed: 60 })
    const traffic = drawReplay(hour, false)
    expect(traffic.label).toBe('replay ×60')
    expect(hour.lastsSec).toBe(60)
    expect(rateAt(traffic.curve, 30)).toBe(60)
    expect(drawReplay({ ...hour, lastsSec: 20 }, true).label).toBe('replay ×60, shortened to 20 s')
  })
})

describe('windows', () => {
  test('at real speed hold the times of the recording to the microsecond', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1e8 }), { minLength: 1 }),
        fc.integer({ min: 0, max: 1e8 }),
        fc.integer({ min: 1, max: 1e8 }),
        (timesUs, fromUs, lengthUs) => {
          const recording = recordingOf(Float64Array.from(timesUs, (us) => us + 8e14))
          const first = Math.min(...timesUs)
          const expected = timesUs
            .map((us) => us - first)
            .filter((us) => us >= fromUs && us < fromUs + lengthUs)
            .sort((a, b) => a - b)
            .map((us) => us - fromUs)
          expect([...arrivalsWithin(recording, { fromUs, lastsUs: lengthUs, speed: 1 })]).toEqual(expected)
        },
      ),
    )
  })

  test('the busiest of a length has more arrivals than any other, and lies within the replay', () => {
    fc.assert(
      fc.property(
        TIMES,
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(1, 7),
        (times, lastsSec, speed) => {
          const shape = replayOf(times, { speed })
          const best = busiest(shape, lastsSec)
          expect(best.lastsSec).toBe(Math.min(lastsSec, shape.lastsSec))
          expect(best.fromUs).toBeGreaterThanOrEqual(0)
          expect(best.fromUs / speed / 1e6 + best.lastsSec).toBeLessThanOrEqual(shape.lastsSec)
          const most = arrivalsOf(best).length
          for (let from = 0; from + best.lastsSec <= shape.lastsSec; from += shape.lastsSec / 97) {
            const other = { ...best, fromUs: Math.round(from * speed * 1e6) }
            expect(arrivalsOf(other).length).toBeLessThanOrEqual(most)
          }
        },
      ),
    )
  })

  test('end with the recording, in whole seconds', () => {
    const shape = replayOf([0, 3.2, 9])
    expect(shape.lastsSec).toBe(10)
    expect(arrivalsOf(shape)).toEqual([0, 3_200_000, 9_000_000])
    expect(lasting(shape, 60).lastsSec).toBe(10)
    expect(lasting({ ...shape, fromUs: 3e6 }, 60).lastsSec).toBe(7)
  })
})
