import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Conductor, conductor } from './conduct.ts'
import { HarnessError } from './core/errors.ts'
import type { FixStep } from './core/fixes/index.ts'
import type { LoadPlan } from './core/plan.ts'
import type { EngineEnd, RecordLine } from './core/record.ts'
import { buildRun, recordLines } from './core/testing/build-run.ts'
import { DEFAULT_TOPOLOGY } from './core/topology.ts'
import type { Afterwards, Engine, Injection, Running } from './ports.ts'
import type { RunFolder } from './store.ts'

const OUT: readonly FixStep[] = [{ id: 'app.scale-out', step: 2 }]
const PLAN = { purpose: 'warm-up' } as LoadPlan
const notReady = () =>
  new HarnessError({ code: 'environment', message: 'app-2 was not ready within 5 s; its last output:\nfull' })

/** An environment whose moves and loads go as `world` says. */
function stageOf(world: {
  readonly apply?: (readyWithinMs: number | undefined) => Promise<void>
  readonly undo?: () => Promise<void>
  readonly drive?: (die: (component: string) => void) => void
  /** How the fault of every surge, a pause of the database, is undone. */
  readonly undoFault?: (afterwards: Afterwards) => Promise<void>
}) {
  const lines: RecordLine[] = recordLines(buildRun({ segments: [], end: null }))
  const moves: string[] = []
  let die: (death: { component: string; detail: string }) => void = () => {}
  const running = {
    url: 'http://shop.test',
    topology: DEFAULT_TOPOLOGY,
    isolation: { means: 'none', bindsWithin: null, periodMs: null },
    endpoints: { meter: async () => [] },
    onDeath: (listener: typeof die) => {
      die = listener
    },
    apply: async (...[, limits]: Parameters<Running['apply']>) => {
      moves.push('apply')
      await world.apply?.(limits?.readyWithinMs)
    },
    undo: async () => {
      moves.push('undo')
      await world.undo?.()
    },
    enforceBudgets: async () => {},
    restoreData: async () => [],
    inject: async (): Promise<Injection> => ({
      done: true,
      momentary: false,
      undo: world.undoFault ?? (async () => {}),
    }),
  } as unknown as Running
  const engine = {
    drive: async (plan, _, __, started, signal): Promise<EngineEnd> => {
      started(0)
      if (plan.purpose === 'surge') await sleep(20)
      if (plan.purpose === 'step' || plan.purpose === 'surge')
        world.drive?.((component) => die({ component, detail: 'killed by SIGKILL' }))
      if (signal.aborted) throw new HarnessError({ code: 'interrupted', message: 'stopped' })
      return { endedEarly: undefined } as unknown as EngineEnd
    },
  } as Partial<Engine> as Engine
  const interrupt = new AbortController()
  const conducts = conductor({
    running,
    engine,
    folder: { lines, write: (line: RecordLine) => lines.push(line) } as unknown as RunFolder,
    clock: { t0Ns: 0n, nowUs: () => 0 },
    abortWhen: [],
    invariants: [],
    faults: [{ at: { kind: 'after', sec: 0 }, forSec: null, act: { kind: 'pause', target: 'database' } }],
    interrupt: interrupt.signal,
    onLive: () => {},
  })
  return { conducts, moves, interrupt, failures: () => conducts.data().armFailures }
}

const caught = async (act: Promise<unknown>) =>
  act.then(
    () => null,
    (error: unknown) => error,
  )
const today = (conducts: Conductor) => conducts.switchTo([], [PLAN], PLAN)

describe('an arm whose system does not come up', () => {
  it('is over, the record says why, and the next arm can be tried', async () => {
    let given: number | undefined
    const { conducts, moves, failures } = stageOf({
      apply: async (readyWithinMs) => {
        given = readyWithinMs
        throw notReady()
      },
    })
    await today(conducts)
    const error = await caught(conducts.switchTo(OUT, [PLAN], PLAN, 5000))
    expect(given).toBe(5000)
    expect(conducts.failedArm(error)).toMatch(/^app-2 was not ready/)
    expect(failures()).toMatchObject([
      { fixes: OUT, when: 'standing-up', reason: expect.stringContaining('full') },
    ])
    await today(conducts)
    expect(moves).toEqual(['apply', 'undo'])
  })

  it('says so of what kept the component from coming up, also when it died of it', async () => {
    let die: (component: string) => void = () => {}
    const { conducts } = stageOf({
      apply: async () => {
        die('app-2')
        throw notReady()
      },
      drive: (kill) => {
        die = kill
      },
    })
    await today(conducts)
    await conducts.drive({ ...PLAN, purpose: 'step' })
    const error = await caught(conducts.switchTo(OUT, [PLAN], PLAN))
    expect(conducts.failedArm(error)).toMatch(/^app-2 was not ready/)
    await today(conducts)
  })

  it('is the end of the run when it is today’s own, when it was interrupted, and when it is our bug', async () => {
    const itself = stageOf({ undo: () => Promise.reject(notReady()) })
    await today(itself.conducts)
    expect(itself.conducts.failedArm(await caught(today(itself.conducts)))).toBeNull()

    const stopped = stageOf({ apply: () => Promise.reject(notReady()) })
    await today(stopped.conducts)
    const error = await caught(stopped.conducts.switchTo(OUT, [PLAN], PLAN))
    stopped.interrupt.abort()
    expect(stopped.conducts.failedArm(error)).toBeNull()

    const bug = stageOf({ apply: () => Promise.reject(new TypeError('no such thing')) })
    await today(bug.conducts)
    expect(bug.conducts.failedArm(await caught(bug.conducts.switchTo(OUT, [PLAN], PLAN)))).toBeNull()
    expect([itself, stopped, bug].flatMap(({ failures }) => failures())).toEqual([])
  })
})

describe('a component that dies under load', () => {
  const dying = (component: string) => {
    let alive = false
    return stageOf({
      drive: (kill) => {
        if (!alive) kill(component)
        alive = true
      },
    })
  }
  const step = { ...PLAN, purpose: 'step' } as LoadPlan

  it('ends the arm with fixes that it belonged to', async () => {
    const { conducts, failures } = dying('app-2')
    await today(conducts)
    await conducts.switchTo(OUT, [PLAN], PLAN)
    const error = await caught(conducts.drive(step))
    expect(conducts.failedArm(error)).toContain('app-2 died')
    expect(failures()).toMatchObject([{ fixes: OUT, when: 'under-load' }])
    expect(failures()[0]!.reason).toContain('killed by SIGKILL')
    await conducts.switchTo([{ id: 'database.scale-up', step: 2 }], [PLAN], PLAN)
    await conducts.drive(step)
  })

  it('ends the run on today’s topology, and when it is the supervisor', async () => {
    const itself = dying('app-1')
    await today(itself.conducts)
    const error = await caught(itself.conducts.drive(step))
    expect(itself.conducts.failedArm(error)).toBeNull()
    expect(error).toMatchObject({ code: 'environment' })

    const gone = dying('supervisor')
    await today(gone.conducts)
    await gone.conducts.switchTo(OUT, [PLAN], PLAN)
    expect(gone.conducts.failedArm(await caught(gone.conducts.drive(step)))).toBeNull()
  })
})

describe('an arm that ends while a fault acts', () => {
  const surge = { purpose: 'surge', curve: [{ atSec: 1 }] } as unknown as LoadPlan
  const trying = async (world: Parameters<typeof stageOf>[0]) => {
    const stage = stageOf(world)
    await today(stage.conducts)
    await stage.conducts.switchTo(OUT, [PLAN], PLAN)
    const error = await caught(stage.conducts.drive(surge))
    return { ...stage, error }
  }

  it('is the only one: the fault is undone for the next, in which it acts again', async () => {
    const undone: Afterwards[] = []
    let dying = true
    const { conducts, error, failures } = await trying({
      drive: (die) => dying && die('app-2'),
      undoFault: async (afterwards) => {
        undone.push(afterwards)
      },
    })
    expect(conducts.failedArm(error)).toContain('app-2 died')
    expect(failures()[0]!.reason).toContain('while database stood still')
    dying = false
    await conducts.switchTo([{ id: 'database.scale-up', step: 2 }], [PLAN], PLAN)
    await conducts.drive(surge)
    expect(undone).toEqual(['next-arm', 'goes-on'])
  })

  it('is the only one when a component does not come back from it', async () => {
    const { conducts, error } = await trying({ undoFault: () => Promise.reject(notReady()) })
    expect(conducts.failedArm(error)).toMatch(/^app-2 was not ready/)
    await today(conducts)
  })

  it('ends the run when the fault may still act, or what stands between app and database is gone', async () => {
    const stuck = await trying({ undoFault: () => Promise.reject(new Error('no answer')) })
    expect(stuck.error).toMatchObject({ message: 'a fault could not be done or undone: no answer' })
    expect(stuck.conducts.failedArm(stuck.error)).toBeNull()

    const both = await trying({
      drive: (die) => die('app-2'),
      undoFault: () => Promise.reject(new Error('no answer')),
    })
    expect(both.conducts.failedArm(both.error)).toBeNull()

    const gone = await trying({ drive: (die) => die('fault-proxy') })
    expect(gone.conducts.failedArm(gone.error)).toBeNull()
  })
})
