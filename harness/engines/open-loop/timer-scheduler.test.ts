import { describe, expect, it } from 'vitest'
import { startClock } from '../../clock.ts'
import { timerAlarm } from './alarm.ts'
import { exactAlarm } from './exact-alarm.ts'
import { timerScheduler } from './timer-scheduler.ts'

describe.each([
  ['with whole milliseconds', timerAlarm],
  ['with exact alarms', exactAlarm],
])('timerScheduler %s', (_, makeAlarm) => {
  it('runs actions in order of time and never early, those added meanwhile included', async () => {
    const scheduler = timerScheduler(startClock(), makeAlarm)
    const ran: { dueUs: number; atUs: number }[] = []
    const startUs = scheduler.nowUs()
    await new Promise<void>((resolve) => {
      const plan = (dueUs: number, then: () => void = () => {}): void => {
        scheduler.at(dueUs, () => {
          ran.push({ dueUs, atUs: scheduler.nowUs() })
          then()
        })
      }
      for (let i = 0; i < 40; i++) plan(startUs + ((i * 7919) % 30_000))
      plan(startUs + 10_000, () => plan(startUs + 35_000, resolve))
    })
    expect(ran).toHaveLength(42)
    expect(ran.every(({ dueUs, atUs }) => atUs >= dueUs)).toBe(true)
    expect(ran.map(({ dueUs }) => dueUs)).toEqual(ran.map(({ dueUs }) => dueUs).sort((a, b) => a - b))
  })

  it('lets the event loop turn between overdue actions that keep adding more', async () => {
    const scheduler = timerScheduler(startClock(), makeAlarm)
    let turned = false
    setImmediate(() => {
      turned = true
    })
    await new Promise<void>((resolve) => {
      const again = (): void => {
        if (turned) resolve()
        else scheduler.at(0, again)
      }
      scheduler.at(0, again)
    })
    expect(turned).toBe(true)
  })

  it('runs what waits equally long in turn with everything else, without the cancelled', async () => {
    const scheduler = timerScheduler(startClock(), makeAlarm)
    const ran: string[] = []
    const startUs = scheduler.nowUs()
    await new Promise<void>((resolve) => {
      scheduler.after(9000, () => ran.push('9 ms'))
      const cancel = scheduler.after(4000, () => ran.push('cancelled'))
      scheduler.after(4000, () => ran.push('4 ms'))
      scheduler.at(startUs + 6500, () => ran.push('at 6.5 ms'))
      scheduler.after(20_000, resolve)
      cancel()
    })
    expect(ran).toEqual(['4 ms', 'at 6.5 ms', '9 ms'])
    expect(scheduler.nowUs()).toBeGreaterThanOrEqual(startUs + 20_000)
  })

  it('does not run what was cancelled', async () => {
    const scheduler = timerScheduler(startClock(), makeAlarm)
    const cancel = scheduler.at(scheduler.nowUs() + 2000, () => {
      throw new Error('cancelled, and run all the same')
    })
    cancel()
    await new Promise<void>((resolve) => {
      scheduler.at(scheduler.nowUs() + 6000, resolve)
    })
  })
})
