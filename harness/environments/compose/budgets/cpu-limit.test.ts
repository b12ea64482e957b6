import { expect, it } from 'vitest'
import { cpuLimit } from './cpu-limit.ts'

it('deals cores out in periods of 10 ms', () => {
  expect(cpuLimit(0.2)).toEqual({ CpuPeriod: 10_000, CpuQuota: 2000 })
  expect(cpuLimit(1.5)).toEqual({ CpuPeriod: 10_000, CpuQuota: 15_000 })
})

it('takes a longer period where the kernel would refuse the quota', () => {
  const { CpuPeriod, CpuQuota } = cpuLimit(0.05)
  expect(CpuQuota).toBeGreaterThanOrEqual(1000)
  expect(CpuQuota / CpuPeriod).toBeCloseTo(0.05)
})

it('lifts a limit', () => {
  expect(cpuLimit(null).CpuQuota).toBe(-1)
})
