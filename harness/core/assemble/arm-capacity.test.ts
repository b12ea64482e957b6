import { expect, test } from 'vitest'
import { buildRun } from '../testing/build-run.ts'
import { armCapacity, searchBounds } from './arm-capacity.ts'

test('a search goes no further than the scenario allows', () => {
  expect(searchBounds({ normalPerSec: 5, peakPerSec: 60 }).ceilingPerSec).toBeCloseTo(132)
  expect(searchBounds({ normalPerSec: 5, peakPerSec: 60, maxPerSec: 80 }).ceilingPerSec).toBe(80)
  expect(searchBounds({ normalPerSec: 5, peakPerSec: 60, maxPerSec: 2000 }).ceilingPerSec).toBeCloseTo(132)
})

test('capacity beyond what the scenario allows is at least that, and says whose ceiling it is', () => {
  const step = { perSec: 80, durationSec: 4 }
  const scenario = { peakPerSec: 60, maxPerSec: 80 }
  const { capacity } = armCapacity(buildRun({ scenario, segments: [step, step] }), 0)
  expect(capacity?.perSec).toBe(80)
  expect(capacity?.method).toMatch(/above the highest load tried \(the scenario's own limits\.rate\)$/)
  const failing = { ...step, second: () => ({ responseMs: 2000 }) }
  const within = armCapacity(buildRun({ scenario, segments: [step, failing, failing] }), 0)
  expect(within.capacity?.method).not.toMatch(/limits\.rate/)
})
