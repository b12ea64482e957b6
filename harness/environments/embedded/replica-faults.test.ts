import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { FaultAct } from '../../core/faults/fault.ts'
import { DEFAULT_TOPOLOGY } from '../../core/topology.ts'
import type { Injection, Running } from '../../ports.ts'
import { withClient } from '../postgres-connection.ts'
import { embeddedEnvironment } from './index.ts'
import { tinySpec } from './testing/tiny-spec.ts'
import { leftAfter, tracesOf } from './testing/traces.ts'

// Each test starts processes and waits for them: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const REPLICA = 'replica-1'
const PAUSE_REPLAY = { kind: 'pause-replay', target: REPLICA } as const
const KILL = { kind: 'kill', target: REPLICA } as const
const SOON = { timeout: 15_000 }

let running: Running
const deaths: string[] = []
beforeAll(async () => {
  const topology = { ...DEFAULT_TOPOLOGY, database: { ...DEFAULT_TOPOLOGY.database, replicas: 1 } }
  running = await embeddedEnvironment().up(tinySpec({ topology }), () => {}, new AbortController().signal)
  running.onDeath(({ component }) => deaths.push(component))
})
afterAll(() => running?.down())
afterEach(() => expect(deaths).toEqual([]))

async function inject(act: FaultAct): Promise<Injection & { readonly done: true }> {
  const injection = await running.inject!({ at: { kind: 'share', share: 0.5 }, forSec: 1, act })
  if (!injection.done) throw new Error(injection.because)
  return injection
}
const count = async (): Promise<number> => {
  const answer = await fetch(`${running.url}/count`)
  return ((await answer.json()) as { n: number }).n
}
const onReplica = async (sql: string) => {
  const [replica] = running.endpoints.replicas()
  return (await withClient(replica!.connectionString, (query) => query(sql)))[0]
}
const replicaCount = async () => (await onReplica('select n from counter'))?.['n']
const followed = async () => {
  const n = await count()
  await expect.poll(replicaCount, SOON).toBe(n)
}
const pid = () => tracesOf(process.pid).list.processes.findLast(({ name }) => name === REPLICA)?.pid

test('a replica whose replay is paused answers with the past, and then catches up', async () => {
  await followed()
  const { undo } = await inject(PAUSE_REPLAY)
  const before = await replicaCount()
  const n = await count()
  expect(await onReplica(`select pg_get_wal_replay_pause_state() as state`)).toEqual({ state: 'paused' })
  // It has received the commit, and does not show it.
  await expect
    .poll(() => onReplica('select pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn() as has_more'), SOON)
    .toEqual({ has_more: true })
  expect(await replicaCount()).toBe(before)
  expect(n).toBe(Number(before) + 1)
  await undo('goes-on')
  await expect.poll(replicaCount, SOON).toBe(n)
})

test('a killed replica is gone while the primary serves, and comes back at its address with what it missed', async () => {
  const before = running.endpoints.replicas()
  const oldPid = pid()
  const { undo } = await inject(KILL)
  await expect(replicaCount()).rejects.toThrow(/ECONNREFUSED/)
  const missed = await count()
  await undo('goes-on')
  expect(running.endpoints.replicas().map(({ connectionString }) => connectionString)).toEqual(
    before.map(({ connectionString }) => connectionString),
  )
  expect(pid()).not.toBe(oldPid)
  await expect.poll(replicaCount, SOON).toBe(missed)
  await followed()
})

test('a restarted replica follows again, within its budget', async () => {
  const oldPid = pid()
  expect(await inject({ kind: 'restart', target: REPLICA })).toMatchObject({ momentary: true })
  expect(pid()).not.toBe(oldPid)
  await followed()
  const meter = await running.endpoints.meter()
  expect(meter.find(({ component }) => component === REPLICA)).toMatchObject({
    role: 'replica',
    budgetCores: DEFAULT_TOPOLOGY.database.cpu,
  })
})

test('a replica and its primary that were both killed come back, whichever is asked first', async () => {
  const replica = await inject(KILL)
  const primary = await inject({ kind: 'kill', target: 'database' })
  // The replica does not wait for the primary: it has its data.
  await replica.undo('goes-on')
  expect(Number(await replicaCount())).toBeGreaterThan(0)
  await primary.undo('goes-on')
  await expect.poll(() => count().catch(() => null), SOON).not.toBeNull()
  await followed()
})

test('a replica that was killed while its replay was paused replays when it is back', async () => {
  const paused = await inject(PAUSE_REPLAY)
  const killed = await inject(KILL)
  await Promise.all([paused.undo('goes-on'), killed.undo('goes-on')])
  await followed()
})

test.skipIf(process.platform !== 'linux')('a slowed replica is held to its share', async () => {
  await running.enforceBudgets(true)
  const budget = async () =>
    (await running.endpoints.meter()).find(({ component }) => component === REPLICA)?.budgetCores
  const before = (await budget())!
  const { undo } = await inject({ kind: 'slow', target: REPLICA, share: 0.5 })
  expect(await budget()).toBeCloseTo(before / 2)
  await undo('goes-on')
  expect(await budget()).toBeCloseTo(before)
  await running.enforceBudgets(false)
})

test.skipIf(process.platform !== 'linux')(
  'a replica that stands still answers nobody, and goes on where it was',
  async () => {
    const { undo } = await inject({ kind: 'pause', target: REPLICA })
    const waiting = replicaCount()
    const soon = new Promise((resolve) => setTimeout(resolve, 500, 'no answer'))
    expect(await Promise.race([waiting, soon])).toBe('no answer')
    await undo('goes-on')
    expect(Number(await waiting)).toBeGreaterThan(0)
    await followed()
  },
)

test('what is left of a fault when its arm is given up does not reach the next one', async () => {
  const paused = await inject(PAUSE_REPLAY)
  await paused.undo('next-arm')
  await followed()
  const killed = await inject(KILL)
  await killed.undo('next-arm')
  await expect(replicaCount()).rejects.toThrow(/ECONNREFUSED/)
  await running.undo()
  await followed()
})

test('nothing is left when faults are in force', async () => {
  const traces = tracesOf(process.pid)
  await inject(PAUSE_REPLAY)
  await inject({ kind: 'pause', target: REPLICA })
  await running.down()
  expect(await leftAfter(traces, 3000)).toEqual([])
})
