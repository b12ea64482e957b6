import { fileURLToPath } from 'node:url'
import { startClock } from '../../../clock.ts'
import { fromPairs, quantileUs } from '../../../core/measure/histogram.ts'
import type { LoadPlan } from '../../../core/plan.ts'
import type { EngineEnd, SlotLine } from '../../../core/record.ts'
import { openLoopEngine } from '../../../engines/open-loop/index.ts'
import { loadScenario } from '../../../scenario-file.ts'

const SCENARIO = fileURLToPath(new URL('./scenario.ts', import.meta.url))

export type Drive = {
  readonly perSec: number
  readonly sec: number
  readonly journey: 'bare' | 'journey'
  readonly fillSec?: number
  readonly seed?: number
}

export type Driven = {
  readonly end: EngineEnd
  readonly startUs: number
  /** CPU time of the generator's process per attempt, µs. */
  readonly cpuUsPerRequest: number
  readonly sendLagP99Ms: number
  /** Clicks answered right ÷ clicks intended. */
  readonly okRatio: number
  readonly slots: readonly Omit<SlotLine, 'kind' | 'segment'>[]
}

/** The engine as every command uses it, in its own process. */
export async function openGenerator() {
  const engine = openLoopEngine()
  const clock = startClock()
  const { hash } = await loadScenario(SCENARIO)
  await engine.open(SCENARIO, 'bench', clock)
  return {
    clock,
    close: () => engine.close(),
    async drive(url: string, drive: Drive): Promise<Driven> {
      const slots: Omit<SlotLine, 'kind' | 'segment'>[] = []
      let startUs = 0
      const sink = {
        slot: (slot: (typeof slots)[number]) => slots.push(slot),
        sendLag: () => {},
        series: () => {},
        order: () => {},
        unknownOrder: () => {},
      }
      const end = await engine.drive(
        planOf(drive, hash),
        url,
        sink,
        (us) => (startUs = us),
        new AbortController().signal,
      )
      const ok = slots.filter(({ of, outcome, sec }) => of === 'click' && outcome === 'ok' && sec >= 0)
      return {
        end,
        startUs,
        cpuUsPerRequest: (end.cpuCores * end.durationSec * 1e6) / Math.max(1, end.attemptsSent),
        sendLagP99Ms: (quantileUs(fromPairs(end.sendLagUs), 0.99) ?? 0) / 1000,
        okRatio: ok.reduce((sum, { n }) => sum + n, 0) / Math.max(1, end.clicksIntended),
        slots,
      }
    },
  }
}

function planOf({ perSec, sec, journey, fillSec = 0, seed = 1 }: Drive, hash: string): LoadPlan {
  return {
    purpose: 'step',
    seed,
    curve: [
      { atSec: 0, perSec },
      { atSec: sec, perSec },
    ],
    arrivals: { kind: 'poisson' },
    scenarioPath: SCENARIO,
    scenarioHash: hash,
    journeys: [
      {
        name: journey,
        weight: 1,
        thinkTime:
          journey === 'bare' ? { kind: 'fixed', ms: 0 } : { kind: 'uniform', minMs: 100, maxMs: 300 },
      },
    ],
    patience: { timeoutMs: 10_000, reloads: 0 },
    fillSec,
    partition: { index: 0, of: 1 },
    limits: { maxInFlight: 50_000, maxPerSec: 200_000, maxDurationSec: 600 },
    ending: 'cut',
    graceMs: 11_000,
  }
}
