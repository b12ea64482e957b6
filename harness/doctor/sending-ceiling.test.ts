import { describe, expect, it } from 'vitest'
import type { LoadPlan } from '../core/plan.ts'
import type { EngineEnd } from '../core/record.ts'
import type { Engine } from '../ports.ts'
import { sendingCeiling } from './sending-ceiling.ts'

/** An engine whose send lag is given for the n-th drive at a rate (from 0). */
function engineWith(lagMs: (perSec: number, n: number) => number) {
  const driven: number[] = []
  let closed = false
  const engine: Engine = {
    open: async () => ({ pid: 1 }),
    drive: async (plan: LoadPlan) => {
      const { perSec } = plan.curve[0]!
      const n = driven.filter((rate) => rate === perSec).length
      driven.push(perSec)
      const end: Partial<EngineEnd> = {
        clicksIntended: 100,
        clicksDone: 100,
        sendLagUs: [Math.round(lagMs(perSec, n) * 1000), 100],
        cpuCores: perSec / 40_000,
      }
      return end as EngineEnd
    },
    close: async () => {
      closed = true
    },
  }
  return { engine, driven, isClosed: () => closed }
}

const events = { trying: () => {}, signal: new AbortController().signal }

describe('sendingCeiling', () => {
  it('is the highest rate that went out on time, before the first that did not', async () => {
    const { engine, isClosed } = engineWith((perSec) => (perSec < 9000 ? 2 : 30))
    const found = await sendingCeiling(engine, events)
    expect(found).toMatchObject({ perSec: 6000, brokeAtPerSec: 9000, cpuCores: 0.15 })
    expect(found.sendLagP99Ms).toBeCloseTo(2, 1)
    expect(isClosed()).toBe(true)
  })

  it('gives a rate another chance', async () => {
    const { engine, driven } = engineWith((perSec, n) => (perSec === 4000 && n === 0 ? 30 : 2))
    expect((await sendingCeiling(engine, events)).brokeAtPerSec).toBeNull()
    expect(driven.filter((rate) => rate === 4000)).toHaveLength(2)
  })

  it('is none on a machine that sends late at any rate', async () => {
    const { engine } = engineWith(() => 30)
    expect(await sendingCeiling(engine, events)).toMatchObject({ perSec: null, brokeAtPerSec: 1000 })
  })
})
