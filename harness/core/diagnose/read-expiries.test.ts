import { expect, test } from 'vitest'
import { surgeAtLimit } from '../testing/surge-at-limit.ts'
import { readExpiries } from './read-expiries.ts'

const run = surgeAtLimit({ database: 0.98, expiring: 'calm-between' })
const startUs = run.segments[0]!.line.startUs
const window = (fromSec: number, toSec: number) => ({
  fromUs: startUs + fromSec * 1e6,
  toUs: startUs + toSec * 1e6,
})

test('finds the rhythm, what it costs and what is asked', () => {
  expect(readExpiries(run, [window(5, 13)])).toMatchObject({
    dips: 3,
    everySec: 4,
    regular: true,
    calmMissRatio: 4 / 104,
    missRatio: 80 / 180,
    burstMs: expect.closeTo(730, 0),
    calmBusyRatio: 0.25,
  })
})

test('the rhythm is seen across windows, what a dip costs only within them', () => {
  expect(readExpiries(run, [window(3, 6), window(9, 10), window(12, 13)])).toMatchObject({
    dips: 3,
    everySec: 4,
    burstMs: expect.closeTo(730, 0),
  })
  expect(readExpiries(run, [window(5.1, 7), window(9, 11)])).toMatchObject({ burstMs: null })
})

test('without a cache, or with one that is hardly asked, there is nothing to say', () => {
  expect(readExpiries(surgeAtLimit({}), [window(5, 13)])).toBeNull()
  expect(readExpiries(run, [window(100, 120)])).toBeNull()
})

test('a dip that was not seen does not break the rhythm', () => {
  const missed = run.series.map((line) =>
    line.probe === 'app' && line.atUs - startUs === 8e6
      ? { ...line, values: { ...line.values, cacheMissesPerSec: 4 } }
      : line,
  )
  const later = run.series.map((line) => ({ ...line, atUs: line.atUs + 12e6 }))
  expect(readExpiries({ ...run, series: [...missed, ...later] }, [window(5, 25)])).toMatchObject({
    dips: 5,
    everySec: 4,
    regular: true,
  })
})

test('dips that come when they like have no rhythm', () => {
  const kept = run.series.map((line) => {
    const sec = Math.round((line.atUs - startUs) / 1e6)
    if (line.probe !== 'app') return line
    const expired = [2, 4, 11].includes(sec)
    return { ...line, values: { ...line.values, cacheMissesPerSec: expired ? 80 : 4 } }
  })
  expect(readExpiries({ ...run, series: kept }, [window(5, 13)])).toMatchObject({ dips: 3, regular: false })
})
