import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { conductor } from './conduct.ts'
import type { Fault, FaultAct } from './core/faults/fault.ts'
import { surgeFaults } from './core/faults/surge-faults.ts'
import type { EngineEnd, RecordLine } from './core/record.ts'
import { readRun } from './core/run-data.ts'
import { buildRun, recordLines } from './core/testing/build-run.ts'
import { planOf, scenarioOf } from './engines/open-loop/testing/stub-drive.ts'
import type { Afterwards, Injection, Running } from './ports.ts'
import type { RunFolder } from './store.ts'

const SHOP = scenarioOf([{ name: 'browser', weight: 1, steps: async () => {} }])
const SURGE_SEC = 0.5
const SURGE = planOf(SHOP, 30, SURGE_SEC, { purpose: 'surge', ending: 'finish' })

const fault = (share: number, act: FaultAct, forSec: number | null = null): Fault => ({
  at: { kind: 'share', share },
  forSec,
  act,
})
const KILL_APP: FaultAct = { kind: 'kill', target: 'app-2' }
const PAUSE: FaultAct = { kind: 'pause', target: 'database' }

const UNDONE = { 'goes-on': 'undone', 'next-arm': 'given up', down: 'left' } as const

type Environment = {
  readonly inject?: (fault: Fault, die: (component: string) => void) => Promise<Injection> | Injection
  readonly drive?: (signal: AbortSignal, die: (component: string) => void) => Promise<void>
}

/** Conducts surges of half a second on a system that does nothing but what the test says. */
function conducting(faults: readonly Fault[], { inject, drive }: Environment = {}) {
  const lines: RecordLine[] = recordLines(buildRun({ segments: [], end: null }))
  const t0Ns = process.hrtime.bigint()
  const clock = { t0Ns, nowUs: () => Number((process.hrtime.bigint() - t0Ns) / 1000n) }
  const interrupt = new AbortController()
  const done: string[] = []
  let tellDeath: (death: { component: string; detail: string }) => void = () => {}
  const die = (component: string) => tellDeath({ component, detail: 'killed by SIGKILL' })
  const doing = async (asked: Fault): Promise<Injection> => {
    done.push(`${asked.act.kind} ${asked.act.target}`)
    const undo = async (afterwards: Afterwards) => {
      done.push(`${UNDONE[afterwards]} ${asked.act.kind} ${asked.act.target}`)
    }
    return inject?.(asked, die) ?? { done: true, momentary: false, undo }
  }
  const conduct = conductor({
    running: {
      url: 'http://shop.test',
      onDeath: (listener: typeof tellDeath) => {
        tellDeath = listener
      },
      inject: doing,
    } as unknown as Running,
    engine: {
      open: async () => ({ pid: 1 }),
      close: async () => {},
      drive: async (_plan, _url, _sink, started, signal) => {
        started(clock.nowUs())
        await (drive?.(signal, die) ?? sleep(SURGE_SEC * 1000))
        signal.throwIfAborted()
        return {} as EngineEnd
      },
    },
    folder: { path: '/run', lines, write: (line: RecordLine) => lines.push(line) } as unknown as RunFolder,
    clock,
    abortWhen: [],
    invariants: [],
    faults,
    interrupt: interrupt.signal,
    onLive: () => {},
  })
  const results = () => {
    const run = readRun(lines)!
    return surgeFaults(run, run.segments.at(-1)!)
  }
  return { conduct, done, interrupt, results, events: () => readRun(lines)!.events }
}

it('does faults at their moments, undoes each in its time, and all when the surge is over', async () => {
  const { conduct, done, results } = conducting([fault(0.5, KILL_APP), fault(0.2, PAUSE, 0.1)])
  await conduct.drive(SURGE)
  expect([...done].sort()).toEqual([
    'kill app-2',
    'pause database',
    'undone kill app-2',
    'undone pause database',
  ])
  const [paused, killed] = results()
  expect(paused).toMatchObject({ says: 'database stood still', notDone: null })
  // A timer may fire a millisecond early.
  expect(paused!.beganSec).toBeGreaterThan(0.095)
  expect(paused!.endedSec! - paused!.beganSec!).toBeGreaterThan(0.095)
  expect(killed).toMatchObject({ kind: 'kill', target: 'app-2', says: 'app-2 was killed' })
  expect(killed!.endedSec).toBeGreaterThan(SURGE_SEC - 0.01)
  expect(done.at(-1)).toBe('undone kill app-2')
})

it('does them again in the next surge, and in nothing but surges', async () => {
  const { conduct, done } = conducting([fault(0, KILL_APP)])
  await conduct.drive({ ...SURGE, purpose: 'step' })
  await conduct.drive({ ...SURGE, purpose: 'warm-up' })
  expect(done).toEqual([])
  await conduct.drive(SURGE)
  await conduct.drive(SURGE)
  const once = ['kill app-2', 'undone kill app-2']
  expect(done).toEqual([...once, ...once])
})

it('what is not done, and what the surge was too short for, is written down', async () => {
  const { conduct, results } = conducting(
    [fault(0.1, KILL_APP), { ...fault(0, PAUSE), at: { kind: 'after', sec: 60 } }],
    {
      inject: () => ({ done: false, because: 'no app-2 runs here' }),
    },
  )
  await conduct.drive(SURGE)
  expect(results()).toMatchObject([
    { target: 'app-2', beganSec: null, endedSec: null, notDone: 'no app-2 runs here' },
    { target: 'database', beganSec: null, notDone: 'the surge was over before' },
  ])
})

it('an environment that does no faults says so', async () => {
  const { conduct, results } = conducting([fault(0, KILL_APP)])
  Reflect.deleteProperty(conduct.running, 'inject')
  await conduct.drive(SURGE)
  expect(results()).toMatchObject([{ notDone: 'this environment does no faults' }])
})

it('a death that a fault asked for is no accident; any other is, and names what acted', async () => {
  const dies = (component: string) =>
    conducting([fault(0.1, KILL_APP)], {
      inject: (_, die) => {
        setTimeout(() => die(component), 20)
        return { done: true, momentary: false, undo: async () => {} }
      },
    })
  const asked = dies('app-2')
  await asked.conduct.drive(SURGE)
  expect(asked.events().map(({ name }) => name)).toEqual(['fault', 'fault'])
  const accident = dies('app-1')
  await expect(accident.conduct.drive(SURGE)).rejects.toMatchObject({
    code: 'environment',
    exitCode: 4,
    message: 'app-1 died in the middle of the run, while app-2 was killed',
  })
  expect(accident.events().map(({ name }) => name)).toContain('component-died')
})

it('a death before the fault, or when it was undone, is an accident', async () => {
  const { conduct } = conducting([fault(0.9, KILL_APP)], {
    drive: async (_, die) => {
      await sleep(20)
      die('app-2')
    },
  })
  await expect(conduct.drive(SURGE)).rejects.toMatchObject({ message: 'app-2 died in the middle of the run' })
})

it('an interrupt leaves nothing in force, and nothing is begun after it', async () => {
  const { conduct, done, interrupt } = conducting([fault(0, PAUSE), fault(0.9, KILL_APP)], {
    drive: (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  setTimeout(() => interrupt.abort(), 100)
  await expect(conduct.drive(SURGE)).rejects.toMatchObject({ code: 'interrupted' })
  await sleep(SURGE_SEC * 1000)
  expect(done).toEqual(['pause database', 'left pause database'])
})

it('an engine that fails leaves nothing in force either, and its own error is told', async () => {
  const { conduct, done } = conducting([fault(0, PAUSE)], {
    drive: async () => {
      await sleep(50)
      throw new Error('the engine died')
    },
  })
  await expect(conduct.drive(SURGE)).rejects.toThrow('the engine died')
  expect(done).toEqual(['pause database', 'left pause database'])
})

it('a fault that cannot be undone ends the run: the system is in no known state', async () => {
  const { conduct } = conducting([fault(0, KILL_APP)], {
    inject: () => ({ done: true, momentary: false, undo: () => Promise.reject(new Error('port taken')) }),
  })
  await expect(conduct.drive(SURGE)).rejects.toMatchObject({
    code: 'environment',
    message: 'a fault could not be done or undone: port taken',
  })
})

it('so does one that fails while it is done', async () => {
  const { conduct } = conducting([fault(0, KILL_APP)], {
    inject: () => Promise.reject(new Error('no answer')),
  })
  await expect(conduct.drive(SURGE)).rejects.toMatchObject({
    message: 'a fault could not be done or undone: no answer',
  })
})

it('a fault that is still being done when the surge ends is undone like the others', async () => {
  let undone = 0
  const { conduct } = conducting([fault(0.5, KILL_APP)], {
    inject: async () => {
      await sleep(600)
      return {
        done: true,
        momentary: false,
        undo: async () => {
          undone++
        },
      }
    },
  })
  await conduct.drive(SURGE)
  expect(undone).toBe(1)
})

it('all are undone at once: one may need the end of another', async () => {
  let thaw = () => {}
  const thawed = new Promise<void>((resolve) => {
    thaw = resolve
  })
  const { conduct, results } = conducting([fault(0, PAUSE), fault(0.2, KILL_APP)], {
    inject: ({ act }) => ({
      done: true,
      momentary: false,
      undo: async () => (act.kind === 'pause' ? thaw() : thawed),
    }),
  })
  await conduct.drive(SURGE)
  expect(results().every(({ endedSec }) => endedSec !== null)).toBe(true)
})
