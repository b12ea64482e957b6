import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fromPairs, toPairs } from '../../core/measure/histogram.ts'
import { type SendLag, Tally } from './tally.ts'
import { planOf, scenarioOf, stubDrive } from './testing/stub-drive.ts'

const START_US = 7_000_000
const DURATION_SEC = 9.5

/** Sends before, within and after the measured part, and how late each was. */
const SENDS = fc.array(
  fc.record({
    intendedUs: fc.integer({ min: START_US - 2e6, max: START_US + 13e6 }),
    lagUs: fc.integer({ min: 0, max: 5e6 }),
    /** Whether lags are told before this send, as they are every second. */
    told: fc.boolean(),
  }),
  { maxLength: 200 },
)

it('tells send lags by second of intended start, which are together those of the segment', () => {
  fc.assert(
    fc.property(SENDS, (sends) => {
      const tally = new Tally(START_US, DURATION_SEC)
      const lags: SendLag[] = []
      for (const { intendedUs, lagUs, told } of sends) {
        if (told) lags.push(...tally.takeSendLags((intendedUs - START_US) / 1e6 - 1))
        tally.firstAttemptSent(intendedUs, intendedUs + lagUs)
      }
      lags.push(...tally.takeSendLags())
      expect(tally.takeSendLags()).toEqual([])

      const measured = sends.filter(
        ({ intendedUs }) => intendedUs >= START_US && intendedUs < START_US + DURATION_SEC * 1e6,
      )
      const all = toPairs(fromPairs(...lags.map(({ lagUs }) => lagUs)))
      expect(all).toEqual(toPairs(fromPairs(tally.end().sendLagUs)))
      for (let sec = 0; sec < DURATION_SEC; sec++) {
        const expected = measured.filter(
          ({ intendedUs }) => Math.floor((intendedUs - START_US) / 1e6) === sec,
        )
        const n = lags.filter((lag) => lag.sec === sec).reduce((sum, lag) => sum + lag.n, 0)
        expect(n).toBe(expected.length)
      }
      expect(lags.every(({ sec }) => sec >= 0 && sec < DURATION_SEC)).toBe(true)
    }),
  )
})

it('tells the status of answers that are no 2xx, by attempt', async () => {
  const shop = scenarioOf([{ name: 'home', weight: 1, steps: async (s) => void (await s.get('/')) }])
  const away = { afterMs: 5, status: 302, location: 'http://elsewhere.test/' }
  const { slots } = await stubDrive(shop, planOf(shop, 30, 3), (_, nowUs) =>
    nowUs < 2e6 ? away : { afterMs: 5 },
  )
  const seen = slots.map(({ of, outcome, status = null }) => `${of} ${outcome} ${status}`)
  expect([...new Set(seen)].sort()).toEqual(['attempt ok 302', 'attempt ok null', 'click ok null'])
})

it('tells them while a drive goes on, one line a second', async () => {
  const shop = scenarioOf([{ name: 'home', weight: 1, steps: async (s) => void (await s.get('/')) }])
  const { end, sendLags } = await stubDrive(shop, planOf(shop, 30, 8), () => ({ afterMs: 5 }))
  expect(sendLags.map(({ sec }) => sec)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(sendLags.reduce((sum, { n }) => sum + n, 0)).toBe(end.clicksIntended)
})
