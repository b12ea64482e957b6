import { performance } from 'node:perf_hooks'
import { startClock } from '../../clock.ts'
import type { FixStep } from '../../core/fixes/index.ts'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import { embeddedEnvironment } from '../../environments/embedded/index.ts'
import type { Running } from '../../ports.ts'
import { SAMPLE_SHOP } from '../../sample-shop-app.ts'
import { type Bench, type Figure, type Row, spread } from '../row.ts'

/** A change that leaves alone what serves, and one that something has to be started again for. */
const MUST_MS = { 'in place': 1000, restarted: 5000 } as const

type Move = {
  readonly what: string
  readonly how: keyof typeof MUST_MS
  readonly fixes: readonly FixStep[]
}

const MOVES: readonly Move[] = [
  { what: 'database CPU ×2', how: 'in place', fixes: [{ id: 'database.scale-up', step: 2 }] },
  { what: 'a second app server', how: 'in place', fixes: [{ id: 'app.scale-out', step: 2 }] },
  {
    what: 'other settings of the database',
    how: 'restarted',
    fixes: [{ id: 'database.settings', step: 1 }],
  },
  { what: 'other settings of the app', how: 'restarted', fixes: [{ id: 'app.pool-size', step: 20 }] },
  { what: 'a read replica', how: 'restarted', fixes: [{ id: 'database.replica', step: 1 }] },
  { what: 'PgBouncer', how: 'restarted', fixes: [{ id: 'pooler.add', step: 20 }] },
  { what: 'Redis', how: 'restarted', fixes: [{ id: 'cache.redis', step: 1 }] },
]

/** What a rehearsal waits for between two arms: the topology is another one, and serves. */
export const MOVES_OF_A_TOPOLOGY: Row = {
  name: 'from one topology to another',
  measure: async (bench) => {
    const topology: Topology = {
      ...DEFAULT_TOPOLOGY,
      database: { ...DEFAULT_TOPOLOGY.database, settings: { commit_delay: '1' } },
    }
    const spec = { topology, app: SAMPLE_SHOP, clock: startClock() }
    const running = await embeddedEnvironment().up(spec, bench.say, new AbortController().signal)
    try {
      const figures: Figure[] = []
      for (const move of MOVES) figures.push(await timeMove(bench, running, move))
      return [...figures, await timeRestore(bench, running)]
    } finally {
      await running.down()
    }
  },
}

async function timeMove(bench: Bench, running: Running, { what, how, fixes }: Move): Promise<Figure> {
  const there: number[] = []
  const back: number[] = []
  for (let round = 0; round < bench.rounds; round++) {
    there.push(await timed(() => running.apply(fixes)))
    await mustServe(running)
    back.push(await timed(() => running.undo()))
    await mustServe(running)
  }
  bench.say(`${what}: ${there.map(whole).join(', ')} ms; back ${back.map(whole).join(', ')} ms`)
  const { measured, high } = spread(back)
  return {
    what: `${what}, ${how}`,
    ...spread(there),
    unit: 'ms',
    must: { atMost: MUST_MS[how] },
    beside: { 'and back, ms': measured, 'at most': high },
  }
}

async function timeRestore(bench: Bench, running: Running): Promise<Figure> {
  const ms: number[] = []
  for (let round = 0; round < bench.rounds; round++) ms.push(await timed(() => running.restoreData()))
  return { what: 'the seeded data again', ...spread(ms), unit: 'ms', must: { atMost: MUST_MS.restarted } }
}

async function mustServe({ url }: Running): Promise<void> {
  const { status } = await fetch(url)
  if (status !== 200) throw new Error(`the shop answers with ${status} after a move`)
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await act()
  return performance.now() - from
}

function whole(ms: number): string {
  return ms.toFixed(0)
}
