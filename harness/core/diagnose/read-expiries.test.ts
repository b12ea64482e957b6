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
  expect(readExpiries(run.series, [window(5, 13)])).toMatchObject({
    dips: 3,
    everySec: 4,
    regular: true,
    calmMissRatio: 4 / 104,
    missRatio: 80 / 180,
    databaseBusyRatio: 0.98,
    databaseCalmBusyRatio: 0.25,
  })
})

test('a distance counts within one stretch only: what lies between two windows is not known', () => {
  expect(readExpiries(run.series, [window(3, 6), window(7, 10)])).toMatchObject({ dips: 2, everySec: null })
})

test('without a cache, or with one that is hardly asked, there is nothing to say', () => {
  expect(readExpiries(surgeAtLimit({}).series, [window(5, 13)])).toBeNull()
  expect(readExpiries(run.series, [window(100, 120)])).toBeNull()
})

test('dips that come when they like have no rhythm', () => {
  const kept = run.series.map((line) => {
    const sec = Math.round((line.atUs - startUs) / 1e6)
    if (line.probe !== 'app') return line
    const expired = [2, 4, 11].includes(sec)
    return { ...line, values: { ...line.values, cacheMissesPerSec: expired ? 80 : 4 } }
  })
  expect(readExpiries(kept, [window(5, 13)])).toMatchObject({ dips: 3, regular: false })
})
