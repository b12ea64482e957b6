import { expect, it } from 'vitest'
import { HarnessError } from './core/errors.ts'
import { applyFixes, type FixStep } from './core/fixes/index.ts'
import type { RecordLine } from './core/record.ts'
import { readRun } from './core/run-data.ts'
import { buildRun, recordLines } from './core/testing/build-run.ts'
import { TIMING } from './experiment.ts'
import { tryFixes } from './rehearse.ts'
import { prepare, type Stage } from './stage.ts'

const { scenario: SCENARIO, topology: TODAY } = await prepare({
  scenario: 'black-friday',
  set: ['topology.app.flaws=n-plus-one'],
  seed: null,
})

/** A stage on which no arm comes up; each try takes `tookSec`. */
function stageOf(budgetSec: number, tookSec: number) {
  const lines: RecordLine[] = recordLines(buildRun({ arms: [{ topology: TODAY }], segments: [], end: null }))
  const tries: { fixes: readonly FixStep[]; readyWithinMs: number | undefined }[] = []
  const notes: string[] = []
  let nowUs = 0
  const conductor = {
    clock: { t0Ns: 0n, nowUs: () => nowUs },
    running: { topology: TODAY },
    data: () => readRun(lines)!,
    arm: () => 0,
    event: (_: string, detail: string) => notes.push(detail),
    switchTo: async (fixes: readonly FixStep[], _: unknown, __: unknown, readyWithinMs?: number) => {
      tries.push({ fixes, readyWithinMs })
      nowUs += tookSec * 1e6
      throw new HarnessError({ code: 'environment', message: 'app-1 was not ready' })
    },
    failedArm: (error: HarnessError) => {
      const { fixes } = tries.at(-1)!
      lines.push({ kind: 'arm-failed', atUs: nowUs, fixes, when: 'standing-up', reason: error.message })
      return error.message
    },
  }
  const { traffic } = SCENARIO
  const scenario = { ...SCENARIO, invariants: [] }
  const stage = {
    conductor,
    scenario,
    traffic,
    today: TODAY,
    budgetEndsUs: budgetSec * 1e6,
    experiment: {
      conductor,
      today: TODAY,
      scenario,
      traffic,
      file: { path: 'x.ts', hash: 'x' },
      timing: TIMING.quick,
    },
  } as unknown as Stage
  const said: string[] = []
  const events = { phase: () => {}, expect: () => {}, say: (text: string) => said.push(text) }
  return { stage, events, tries, notes, said }
}

it('goes on with the next fix when one does not come up, the most promising first, and ends', async () => {
  const { stage, events, tries, said } = stageOf(300, 5)
  await tryFixes(stage, events, { replaySec: 20 })
  expect(tries.map(({ fixes }) => fixes.map(({ id }) => id))).toEqual([
    ['shop.mend'],
    ['database.scale-up'],
    ['app.scale-out'],
  ])
  expect(said[0]).toBe('the shop without its planted n-plus-one is out: app-1 was not ready')
})

it('waits for a component no longer than half the time of its arm', async () => {
  const { stage, events, tries } = stageOf(63.5, 5)
  await tryFixes(stage, events, { replaySec: 20 })
  // Four arms may come, the pair among them, in 40 s.
  expect(tries[0]!.readyWithinMs).toBeCloseTo(5000)
  const long = stageOf(183.5, 5)
  await tryFixes(long.stage, long.events, { replaySec: 20 })
  expect(long.tries[0]!.readyWithinMs).toBeCloseTo(20_000)
})

it('leaves the last out when there is no time for all, and notes which', async () => {
  const { stage, events, tries, notes } = stageOf(40, 9)
  await tryFixes(stage, events, { replaySec: 20 })
  // 16.5 s are two arms of 8 s.
  expect(tries.map(({ fixes }) => fixes[0]!.id)).toEqual(['shop.mend'])
  expect(notes).toEqual([
    'time budget used up before database CPU ×2, load balancing over 2 servers were tried',
  ])
  expect(applyFixes(TODAY, tries[0]!.fixes).app.flaws).toEqual([])
})
