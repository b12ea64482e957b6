import { describe, expect, it } from 'vitest'
import { startClock } from '../../clock.ts'
import { exactAlarm } from './exact-alarm.ts'

describe('exactAlarm', () => {
  it('rings for the time it was set to last, earlier or later than before, and never before it', async () => {
    const { nowUs } = startClock()
    let rang: (atUs: number) => void = () => {}
    const alarm = exactAlarm(nowUs, () => rang(nowUs()))
    const next = () => new Promise<number>((resolve) => (rang = resolve))

    const farUs = nowUs() + 60_000_000
    alarm.set(farUs)
    const nearUs = nowUs() + 20_000
    alarm.set(nearUs)
    expect(await next()).toBeGreaterThanOrEqual(nearUs)

    const laterUs = nowUs() + 30_000
    alarm.set(laterUs - 20_000)
    alarm.set(laterUs)
    let atUs = await next()
    // Set again in the moment it rang: one ring too many.
    if (atUs < laterUs) atUs = await next()
    expect(atUs).toBeGreaterThanOrEqual(laterUs)
  })

  it('rings at once when the time has passed', async () => {
    const { nowUs } = startClock()
    await new Promise<void>((resolve) => exactAlarm(nowUs, resolve).set(nowUs() - 1000))
  })
})
