import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { startClock } from '../../../clock.ts'
import { surgePlan } from '../../../core/compile-plan.ts'
import type { LoadPlan } from '../../../core/plan.ts'
import type { InvariantSampleLine, OrderLine, UnknownOrderLine } from '../../../core/record.ts'
import { resolveTopology } from '../../../core/resolve-topology.ts'
import { openLoopEngine } from '../../../engines/open-loop/index.ts'
import { embeddedEnvironment } from '../../../environments/embedded/index.ts'
import { checkInvariant, loadLedger } from '../../../invariants.ts'
import type { Clock, Running } from '../../../ports.ts'
import { invariantSampler } from '../../../sample-invariants.ts'
import { SAMPLE_SHOP } from '../../../sample-shop-app.ts'
import { type LoadedScenario, loadScenario } from '../../../scenario-file.ts'
import { killPostgres } from './kill-postgres.ts'

const CHECKOUTS = fileURLToPath(new URL('./scenario.ts', import.meta.url))
/** Whose invariants are the shop's. */
const RULES = 'black-friday'

export type CrashSurge = {
  /** The surge ends when this many were acknowledged. */
  readonly checkouts: number
  /** Evenly spread over them. */
  readonly kills: number
  /** Shoppers who come each second, at the height of the surge. */
  readonly perSec: number
  /** What differs from the shop as it is: `--set` of a command. */
  readonly set?: readonly string[]
}

export type Crash = {
  /** Processes of Postgres that were killed: the postmaster and all it had started. */
  readonly killed: number
  /** From the kill to the first statement that Postgres answered again. */
  readonly downMs: number
  /** From then to the first checkout acknowledged; NaN: there was none. */
  readonly goodAfterMs: number
}

export type CrashFacts = {
  readonly acknowledged: number
  readonly crashes: readonly Crash[]
  /** Keys that nobody answered, and how many of them became an order nevertheless. */
  readonly unanswered: number
  readonly unansweredPlaced: number
  /** Orders of the surge in the database, whoever was told. */
  readonly placed: number
  /** Orders in the database that no shopper was told of and no unanswered key accounts for. */
  readonly unaccounted: number
  /** What was asked while the surge ran. */
  readonly samples: readonly Omit<InvariantSampleLine, 'kind'>[]
  readonly invariants: readonly { readonly name: string; readonly held: boolean; readonly detail: string }[]
  readonly drivenSec: number
}

const INVARIANT_TIMEOUT_MS = 60_000

/** Postgres as it is killed and started again while shoppers order; afterwards the shop's books are read. */
export async function crashSurge(surge: CrashSurge, say: (text: string) => void): Promise<CrashFacts> {
  const checkouts = await loadScenario(CHECKOUTS)
  const rules = (await loadScenario(RULES)).scenario.invariants
  const resolved = resolveTopology(checkouts.scenario, surge.set ?? [])
  if (!resolved.ok) throw new Error(`--set: ${JSON.stringify(resolved.problems)}`)
  const clock = startClock()
  const engine = openLoopEngine()
  const running = await embeddedEnvironment().up(
    { topology: resolved.topology, app: SAMPLE_SHOP, clock },
    say,
    new AbortController().signal,
  )
  try {
    const { pid } = await engine.open(checkouts.path, 'bench', clock)
    await running.adopt(pid)
    const orders: Omit<OrderLine, 'kind' | 'segment'>[] = []
    const unknownOrders: Omit<UnknownOrderLine, 'kind' | 'segment'>[] = []
    const samples: CrashFacts['samples'][number][] = []
    const tell = (sample: CrashFacts['samples'][number]) => samples.push(sample)
    const sampler = invariantSampler({ invariants: rules, connect: running.connect, clock, tell })
    const enough = new AbortController()
    const driving = engine.drive(
      planOf(checkouts, surge),
      running.url,
      {
        slot: () => {},
        sendLag: () => {},
        series: () => {},
        order: (order) => orders.push(order),
        unknownOrder: (unknown) => unknownOrders.push(unknown),
      },
      () => {},
      new AbortController().signal,
      enough.signal,
    )
    const stopSampling = sampler.start(0)
    const acknowledged = (wanted: number) => reached(() => orders.length >= wanted, driving)
    const crashes: (Omit<Crash, 'goodAfterMs'> & { readonly readyUs: number })[] = []
    for (let kill = 1; kill <= surge.kills; kill++) {
      await acknowledged((surge.checkouts * kill) / (surge.kills + 1))
      crashes.push(await crash(running, clock))
      say(
        `Postgres killed at ${orders.length} checkouts, back after ${Math.round(crashes.at(-1)!.downMs)} ms`,
      )
    }
    await acknowledged(surge.checkouts)
    enough.abort()
    const { durationSec } = await driving
    await stopSampling()
    await settled(running)
    await loadLedger(running.query, orders, unknownOrders)
    const invariants: CrashFacts['invariants'][number][] = []
    const reader = await running.connect({ statementTimeoutMs: INVARIANT_TIMEOUT_MS })
    for (const rule of rules)
      invariants.push({ name: rule.name, ...(await checkInvariant(reader.query, rule)) })
    await reader.close()
    const [books] = await running.query(
      `select (select count(*)::int from orders where idempotency_key is not null) as placed,
              (select count(*)::int from orders join unknown on key = idempotency_key) as "unansweredPlaced",
              (select count(*)::int from orders where idempotency_key is not null
                  and id::text not in (select id from ledger) and idempotency_key not in (select key from unknown)) as unaccounted`,
    )
    return {
      acknowledged: orders.length,
      crashes: crashes.map(({ readyUs, ...rest }) => ({
        ...rest,
        goodAfterMs: firstAfter(readyUs, orders),
      })),
      unanswered: unknownOrders.length,
      unansweredPlaced: Number(books?.['unansweredPlaced']),
      placed: Number(books?.['placed']),
      unaccounted: Number(books?.['unaccounted']),
      samples,
      invariants,
      drivenSec: durationSec,
    }
  } finally {
    await Promise.allSettled([engine.close(), running.down()])
  }
}

const RISE_SEC = 3
/** A surge that takes this many times as long as it should is given up. */
const PATIENCE = 4
const AT_LEAST_SEC = 60

function planOf(checkouts: LoadedScenario, { checkouts: wanted, perSec }: CrashSurge): LoadPlan {
  const { scenario, path, hash } = checkouts
  const lastsSec = AT_LEAST_SEC + (PATIENCE * wanted) / perSec
  const plan = surgePlan(scenario, { path, hash }, scenario.traffic, scenario.seed)
  return {
    ...plan,
    curve: [
      { atSec: 0, perSec: perSec / 4 },
      { atSec: RISE_SEC, perSec },
      { atSec: RISE_SEC + lastsSec, perSec },
    ],
    ending: 'cut',
    limits: { ...plan.limits, maxDurationSec: 2 * lastsSec },
  }
}

const POLL_MS = 10

/** Kills Postgres, starts it again, and looks from outside when it answers. */
async function crash(running: Running, clock: Clock) {
  const killedUs = clock.nowUs()
  const killed = await killPostgres(running.query)
  const answering = answers(running)
  // To today's topology: what is dead of it is started again.
  await running.undo()
  const readyUs = await answering
  return { killed, downMs: (readyUs - killedUs) / 1000, readyUs }

  async function answers({ endpoints }: Running): Promise<number> {
    for (;;) {
      const client = new Client({ connectionString: endpoints.database()?.connectionString })
      client.on('error', () => {})
      try {
        await client.connect()
        await client.query('select 1')
        return clock.nowUs()
      } catch {
        await sleep(POLL_MS)
      } finally {
        await client.end().catch(() => {})
      }
    }
  }
}

/** Resolves when it is so; rejects when the drive ended before. */
async function reached(isSo: () => boolean, driving: Promise<unknown>): Promise<void> {
  let ended = false
  const end = driving.then(() => {
    ended = true
  })
  while (!isSo()) {
    await Promise.race([sleep(POLL_MS), end])
    if (ended && !isSo()) throw new Error('the surge ended before enough checkouts were acknowledged')
  }
}

const SETTLED_WITHIN_MS = 15_000

/** Waits until the shop is done with what shoppers left: requests under way, and reservations that expire. */
async function settled(running: Running): Promise<void> {
  const until = performance.now() + SETTLED_WITHIN_MS
  while (performance.now() < until) {
    const [left] = await running.query(
      `select (select count(*)::int from reservations where state = 'held')
            + (select count(*)::int from pg_stat_activity where application_name like 'shop %' and state <> 'idle') as n`,
    )
    if (left?.['n'] === 0) return
    await sleep(100)
  }
}

function firstAfter(readyUs: number, orders: readonly { readonly atUs: number }[]): number {
  const first = Math.min(...orders.map(({ atUs }) => atUs).filter((atUs) => atUs >= readyUs))
  return Number.isFinite(first) ? (first - readyUs) / 1000 : Number.NaN
}
