import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Probe, Reading } from '../ports.ts'
import { startSampling } from './sampling.ts'
import { fakeEndpoints, realClock } from './testing/fake-endpoints.ts'

const READING: Reading = { atUs: 1, probe: 'host', role: 'host', component: 'here', values: { cores: 2 } }

type Behaviour = {
  sample: (n: number) => Promise<readonly Reading[]>
  open?: (n: number) => void
  close?: () => void
}

function fakeProbe(name: string, intervalMs: number, { sample, open, close }: Behaviour): Probe {
  let opened = 0
  let sampled = 0
  return {
    name,
    intervalMs,
    async open() {
      open?.(++opened)
      return { sample: () => sample(++sampled), close: async () => close?.() }
    },
  }
}

/** Resolves when it was called so often. */
function counter(times: number) {
  let reached: () => void = () => {}
  let n = 0
  const done = new Promise<void>((resolve) => {
    reached = resolve
  })
  return {
    done,
    count: () => {
      if (++n === times) reached()
    },
  }
}

it('samples each probe at its own interval on a grid, and closes it at the end', async () => {
  const clock = realClock()
  const times: number[] = []
  const enough = counter(20)
  let closed = 0
  const probe = fakeProbe('quick', 20, {
    sample: async () => {
      times.push(clock.nowUs())
      // A sample takes time; the interval must not grow by it.
      await delay(8)
      enough.count()
      return [READING]
    },
    close: () => closed++,
  })
  const seen: Reading[] = []
  const sampling = await startSampling([probe], fakeEndpoints({}), clock, (reading) => seen.push(reading))
  await enough.done
  await sampling.stop()
  expect(closed).toBe(1)
  expect(seen.length).toBe(times.length)
  const { skipped, samples, sampleMs } = sampling.cost().probes[0]!
  expect(samples).toBe(times.length)
  expect(sampleMs).toBeGreaterThan(samples * 7)
  // On a grid the last beat is (samples − 1 + skipped) intervals after the first, however long samples took.
  const beats = (times.at(-1)! - times[0]!) / 20_000
  expect(Math.abs(beats - (samples - 1 + skipped))).toBeLessThanOrEqual(1.5)
})

it('never overlaps samples of a slow probe: it leaves beats out and says how many', async () => {
  let running = 0
  let most = 0
  const enough = counter(3)
  const slow = fakeProbe('slow', 10, {
    sample: async () => {
      most = Math.max(most, ++running)
      await delay(55)
      running--
      enough.count()
      return []
    },
  })
  const sampling = await startSampling([slow], fakeEndpoints({}), realClock(), () => {})
  await enough.done
  await sampling.stop()
  expect(most).toBe(1)
  expect(sampling.cost().probes[0]!.skipped).toBeGreaterThanOrEqual(3 * 4)
})

it('goes on when a probe fails to sample or to open, and counts the failures', async () => {
  const enough = counter(3)
  const failing = fakeProbe('failing', 10, {
    open: (n) => {
      if (n < 3) throw new Error('not yet')
    },
    sample: async (n) => {
      if (n % 2 === 1) throw new Error('again')
      return [READING]
    },
  })
  const steady = fakeProbe('steady', 10, { sample: async () => [{ ...READING, component: 'steady' }] })
  const seen = new Set<string>()
  const sampling = await startSampling([failing, steady], fakeEndpoints({}), realClock(), ({ component }) => {
    seen.add(component)
    if (component === 'here') enough.count()
  })
  await enough.done
  await sampling.stop()
  expect([...seen].toSorted()).toEqual(['here', 'steady'])
  expect(sampling.cost().probes[0]!.failures).toBeGreaterThanOrEqual(2 + 3)
  expect(sampling.cost().probes[1]!.failures).toBe(0)
})

it('brings out of stop what the listener threw', async () => {
  const enough = counter(1)
  const probe = fakeProbe('any', 10, { sample: async () => [READING] })
  const sampling = await startSampling([probe], fakeEndpoints({}), realClock(), () => {
    enough.count()
    throw new Error('disk full')
  })
  await enough.done
  await expect(sampling.stop()).rejects.toThrow('disk full')
})
