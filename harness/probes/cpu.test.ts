import { expect, it } from 'vitest'
import type { MeterReading } from '../ports.ts'
import { cpuProbe } from './cpu.ts'
import { fakeEndpoints, setClock } from './testing/fake-endpoints.ts'

const AT_START: MeterReading = {
  component: 'database',
  role: 'database',
  atUs: 0,
  usedUs: 0,
  workUs: 5_000_000,
  budgetCores: 0.2,
  throttledUs: 100_000,
  enforcedUs: 1_000_000,
}

async function readings(...meters: MeterReading[][]) {
  const left = [...meters]
  const probe = await cpuProbe.open(fakeEndpoints({ meter: async () => left.shift()! }), setClock())
  const all = []
  for (const _ of meters) all.push(await probe.sample())
  return all
}

it('gives cores used, their share of the budget, and the share of the time it held the component back', async () => {
  const later = {
    ...AT_START,
    atUs: 2_000_000,
    usedUs: 0,
    workUs: 5_300_000,
    throttledUs: 900_000,
    enforcedUs: 3_000_000,
  }
  const [first, second] = await readings([AT_START], [later])
  expect(first).toEqual([])
  expect(second).toEqual([
    {
      atUs: 2_000_000,
      probe: 'cpu',
      role: 'database',
      component: 'database',
      values: { usedCores: 0.15, budgetCores: 0.2, busyRatio: 0.15 / 0.2, throttledRatio: 0.4 },
    },
  ])
})

it('gives no share of a budget that is not there', async () => {
  const free = { ...AT_START, budgetCores: null }
  const [, second] = await readings([free], [{ ...free, atUs: 1_000_000, workUs: 5_500_000 }])
  expect(second![0]!.values).toEqual({ usedCores: 0.5 })
})

it('starts anew with a component that came or was restarted', async () => {
  const app: MeterReading = { ...AT_START, component: 'app-1', role: 'app' }
  const [, second, third] = await readings(
    [AT_START],
    [
      { ...AT_START, atUs: 1_000_000, workUs: 20_000 },
      { ...app, atUs: 1_000_000 },
    ],
    [
      { ...AT_START, atUs: 2_000_000, workUs: 120_000 },
      { ...app, atUs: 2_000_000, workUs: 5_250_000 },
    ],
  )
  expect(second).toEqual([])
  expect(third!.map(({ component, values }) => [component, values['usedCores']])).toEqual([
    ['database', 0.1],
    ['app-1', 0.25],
  ])
})
