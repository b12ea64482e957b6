import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type IncidentFacts, incident } from './incident.ts'
import type { SaturationSignal } from './measure/saturation.ts'
import type { SurgeSecond } from './result.ts'

type Brief = Partial<SurgeSecond>

function second(sec: number, brief: Brief): SurgeSecond {
  const clicks = brief.clicks ?? 100
  const checkouts = brief.checkouts ?? 10
  return {
    sec,
    arrivalsPerSec: 5,
    clicks,
    good: clicks,
    errors: 0,
    achieved: clicks,
    p50Ms: 20,
    p95Ms: 60,
    checkouts,
    goodCheckouts: checkouts,
    sloHeld: true,
    attempts: clicks,
    ...brief,
  }
}

/** Seconds by letters: `.` held, `s` p95 above half the bound, `x` SLO broken, `o` outage, `c` only checkouts out. */
const LETTERS: Readonly<Record<string, Brief>> = {
  '.': {},
  s: { p95Ms: 180 },
  x: { p95Ms: 900, good: 40, sloHeld: false },
  o: { p95Ms: null, good: 5, goodCheckouts: 0, sloHeld: false },
  c: { goodCheckouts: 0 },
}

function facts(letters: string, more: Partial<IncidentFacts> = {}): IncidentFacts {
  return {
    seconds: [...letters].map((letter, sec) => second(sec, LETTERS[letter]!)),
    signals: [],
    p95BoundMs: 300,
    normalPerSec: 5,
    drainSec: 6,
    ...more,
  }
}

function signal(name: string, bySecond: readonly (number | null)[], preSurgeMax = 0): SaturationSignal {
  return { name, unit: 'count', lowest: 1, preSurgeMax, bySecond }
}

const NOTHING = {
  firstSignSec: null,
  firstSign: null,
  onsetSec: null,
  outageStartSec: null,
  outageEndSec: null,
  restoredSec: null,
  metastable: null,
}

describe('incident', () => {
  it('tells the whole story', () => {
    expect(incident(facts('....sssxxoooooxx.....'))).toEqual({
      firstSignSec: 4,
      firstSign: 'p95 of all clicks at 180 ms, over half its bound',
      onsetSec: 7,
      outageStartSec: 9,
      outageEndSec: 14,
      restoredSec: 16,
      metastable: false,
    })
  })

  it.each(['', '.....', '..xx..xx..', '..ss..ss..', '..oo..oo..'])('finds nothing in "%s"', (letters) => {
    expect(incident(facts(letters))).toEqual(NOTHING)
  })

  it('names the earliest signal that lasts, measured against its pre-surge maximum', () => {
    const signals = [
      signal('short', [0, 9, 9, 0, 0, 0, 0, 0, 0]),
      signal('usual', [3, 3, 3, 3, 3, 3, 3, 3, 3], 3),
      signal('requests waiting', [0, 0, 4, 5, 6, 7, 8, 9, 9]),
      {
        ...signal('CPU of database', [0.5, 0.96, 0.95, 0.97, 1, 1, 1, 1, 1], 0.5),
        unit: 'ratio',
        lowest: 0.95,
      } as const,
    ]
    const story = incident(facts('....xxxxx', { signals }))
    expect(story).toMatchObject({
      firstSignSec: 1,
      firstSign: 'CPU of database at 96 % of its budget',
      onsetSec: 4,
    })
  })

  it('takes the onset for the first sign when nothing announced it', () => {
    const signals = [signal('requests waiting', [0, 0, 0, 0, 0, 0, 4, 5, 6])]
    const story = incident(facts('..xxxxxxx', { signals, p95BoundMs: null }))
    expect(story).toMatchObject({
      firstSignSec: 2,
      onsetSec: 2,
      firstSign: expect.stringMatching(/nothing announced it/),
    })
  })

  it('reports a first sign of something that never broke', () => {
    expect(incident(facts('..ssss...'))).toEqual({
      ...NOTHING,
      firstSignSec: 2,
      firstSign: expect.any(String),
    })
  })

  it('calls it an outage when only checkouts are out, and then the SLO is broken too', () => {
    expect(incident(facts('....cccc......'))).toMatchObject({
      onsetSec: 4,
      outageStartSec: 4,
      outageEndSec: 8,
      restoredSec: 8,
    })
  })

  it('finds an outage of checkouts that are tried only every other second', () => {
    const failing = Array.from({ length: 20 }, (_, sec) =>
      second(sec, { checkouts: 3 * (sec % 2), goodCheckouts: sec > 5 && sec < 15 ? 0 : 3 * (sec % 2) }),
    )
    const story = incident(facts('', { seconds: failing }))
    // The first and the last failing second are judged together with good ones: the outage is not overstated.
    expect(story).toMatchObject({ onsetSec: 8, outageStartSec: 8, outageEndSec: 13, restoredSec: 13 })
  })

  it('judges rare checkouts over their neighbours, and finds no outage where none was tried', () => {
    const rare = [0, 1, 0, 1, 0, 0, 1, 0, 1, 0].map((checkouts, sec) =>
      second(sec, { checkouts, goodCheckouts: checkouts }),
    )
    expect(incident(facts('', { seconds: rare })).outageStartSec).toBeNull()
    const none = rare.map((one) => ({ ...one, checkouts: 0, goodCheckouts: 0 }))
    expect(incident(facts('', { seconds: none })).outageStartSec).toBeNull()
  })

  it('joins outages that belong together and reports the longest', () => {
    expect(incident(facts('..ooo....xxooooxxoooo.....'))).toMatchObject({
      onsetSec: 2,
      outageStartSec: 11,
      outageEndSec: 21,
      restoredSec: 21,
    })
  })

  it('is not restored by five good seconds before a second onset', () => {
    expect(incident(facts('.xxx.....xxx......'))).toMatchObject({ onsetSec: 1, restoredSec: 12 })
    expect(incident(facts('.xxx.....xxx....'))).toMatchObject({ onsetSec: 1, restoredSec: null })
    expect(incident(facts('.xxx.......x.......'))).toMatchObject({ restoredSec: 4 })
  })

  it('is metastable when it stays down long after the load went back to normal', () => {
    const busy = (letters: string, backAt: number) =>
      facts(letters, {
        seconds: [...letters].map((letter, sec) =>
          second(sec, { ...LETTERS[letter], arrivalsPerSec: sec < backAt ? 60 : 5 }),
        ),
      })
    const down = '..xxxxxxxxxxxxxxxxxx'
    expect(incident(busy(down, 9)).metastable).toBe(true)
    expect(incident(busy(down, 10)).metastable).toBe(false)
    expect(incident(busy(down, 20)).metastable).toBe(false)
    expect(incident(busy('..xxxxxxx.....xx....', 4)).metastable).toBe(false)
  })

  it('keeps its order whatever happened', () => {
    const letters = fc.array(fc.constantFrom(...Object.keys(LETTERS)), { maxLength: 40 })
    const values = fc.array(fc.option(fc.integer({ min: 0, max: 5 })), { maxLength: 40 })
    fc.assert(
      fc.property(letters, values, (seconds, bySecond) => {
        const story = incident(facts(seconds.join(''), { signals: [signal('queue', bySecond, 1)] }))
        const { firstSignSec, onsetSec, outageStartSec, outageEndSec, restoredSec, metastable } = story
        expect(firstSignSec === null).toBe(story.firstSign === null)
        expect(outageStartSec === null).toBe(outageEndSec === null)
        if (onsetSec === null) {
          expect([outageStartSec, restoredSec, metastable]).toEqual([null, null, null])
          return
        }
        expect(firstSignSec!).toBeLessThanOrEqual(onsetSec)
        expect(metastable).not.toBeNull()
        if (outageStartSec !== null) {
          expect(outageStartSec).toBeGreaterThanOrEqual(onsetSec)
          expect(outageEndSec! - outageStartSec).toBeGreaterThanOrEqual(3)
        }
        if (restoredSec !== null) {
          expect(restoredSec).toBeGreaterThan(onsetSec)
          expect(metastable).toBe(false)
          if (outageEndSec !== null) expect(restoredSec).toBeGreaterThanOrEqual(outageEndSec)
        }
      }),
      { numRuns: 500 },
    )
  })
})
