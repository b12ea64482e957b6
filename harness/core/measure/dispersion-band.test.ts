import { expect, it } from 'vitest'
import { dispersionBand } from './dispersion-band.ts'

// Exact χ² bands at 95 %, from SciPy (field notes on capacity, §3).
it.each([
  [30, 0.553, 1.577],
  [60, 0.672, 1.392],
  [120, 0.762, 1.27],
  [600, 0.89, 1.116],
])('%i windows: %f to %f', (windows, low, high) => {
  const band = dispersionBand(windows, 1.96)
  expect(Math.abs(band[0] / low - 1)).toBeLessThan(0.003)
  expect(Math.abs(band[1] / high - 1)).toBeLessThan(0.003)
})
