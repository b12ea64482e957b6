import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { expect, it } from 'vitest'
import { hostProbe } from './host.ts'
import { fakeEndpoints, realClock } from './testing/fake-endpoints.ts'

it.skipIf(process.platform !== 'linux')(
  'counts the CPU of this process and of its children as ours',
  async () => {
    const script =
      'const t = process.cpuUsage(); while (process.cpuUsage(t).user < 3e5); console.log("spent"); setInterval(() => {}, 1e6)'
    const probe = await hostProbe.open(fakeEndpoints({}), realClock())
    expect(await probe.sample()).toEqual([])
    const began = process.hrtime.bigint()
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(child.stdout, 'data')
    const [reading] = await probe.sample()
    const elapsedSec = Number(process.hrtime.bigint() - began) / 1e9
    child.kill()
    expect(reading).toMatchObject({ probe: 'host', role: 'host' })
    const values = reading!.values
    // 0.3 s of CPU were spent by the child; its start costs some more, ticks of 10 ms some less.
    expect(values['ourCores']! * elapsedSec).toBeGreaterThan(0.28)
    expect(values['busyCores']).toBeGreaterThan(0)
    expect(values['othersCores']).toBeCloseTo(Math.max(0, values['busyCores']! - values['ourCores']!), 9)
    expect(values['stealCores']).toBeGreaterThanOrEqual(0)
    expect(values['cores']).toBe(cpus().length)
  },
)

it('counts what the meter counted, when that is more', async () => {
  let usedUs = 0
  const meter = async () => [
    {
      component: 'x',
      role: 'app',
      atUs: 0,
      usedUs,
      workUs: usedUs,
      budgetCores: null,
      throttledUs: 0,
      enforcedUs: 0,
    } as const,
  ]
  const clock = realClock()
  const probe = await hostProbe.open(fakeEndpoints({ meter }), clock)
  const beganUs = clock.nowUs()
  await probe.sample()
  usedUs = 60_000_000
  const [reading] = await probe.sample()
  const cores = 60_000_000 / (clock.nowUs() - beganUs)
  expect(reading!.values['ourCores']).toBeGreaterThanOrEqual(cores)
  expect(reading!.values['othersCores']).toBe(0)
})
