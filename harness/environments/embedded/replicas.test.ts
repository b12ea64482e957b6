import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import type { Running } from '../../ports.ts'
import { replicaProbe } from '../../probes/replica.ts'
import { withClient } from '../postgres-connection.ts'
import { bringUp } from './bring-up.ts'
import { makeRunFolder } from './run-folder.ts'
import { runningOf } from './running.ts'
import type { Stand } from './stand.ts'
import { connectSupervisor } from './supervisor/connect.ts'
import { tinySpec } from './testing/tiny-spec.ts'
import { leftAfter, tracesOf } from './testing/traces.ts'

// Each test starts whole servers: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const withReplicas = (replicas: number, change: Partial<Topology['database']> = {}): Topology => ({
  ...DEFAULT_TOPOLOGY,
  database: { ...DEFAULT_TOPOLOGY.database, replicas, ...change },
})

let stand: Stand
let running: Running
const signal = new AbortController().signal
beforeAll(async () => {
  // As `up` does it, with the stand in hand: no fix adds a replica yet.
  const spec = tinySpec({ topology: withReplicas(1) })
  const { path, run } = makeRunFolder(1)
  const supervisor = connectSupervisor(path, run)
  stand = (await bringUp(spec, path, supervisor, () => {}, signal)).stand
  running = runningOf(spec, stand, supervisor)
})
afterAll(() => running?.down())

const get = async (path: string) => {
  const answer = await fetch(`${running.url}${path}`)
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { n?: number; replicas?: string[] }
}
const replicas = () => running.endpoints.replicas()
const onReplica = (sql: string, index = 0) =>
  withClient(replicas()[index]!.connectionString, (query) => query(sql))
const countOn = async (index = 0) => (await onReplica('select n from counter', index))[0]?.['n']

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}

test('what the app writes is soon on the replica, which takes no writes, and the app is told of it', async () => {
  expect(replicas().map(({ component }) => component)).toEqual(['replica-1'])
  expect(await onReplica('select pg_is_in_recovery() as standby')).toEqual([{ standby: true }])
  const { n } = await get('/count')
  await until(async () => (await countOn()) === n)
  await expect(onReplica('update counter set n = 0')).rejects.toThrow(/read-only/)
  const port = new URL(replicas()[0]!.connectionString).port
  expect((await get('/environment')).replicas).toEqual([`postgresql://shop@127.0.0.1:${port}/shop`])
})

test('it is metered as a replica, with the budget of the database', async () => {
  const meter = await running.endpoints.meter()
  expect(meter.find(({ component }) => component === 'replica-1')).toMatchObject({
    role: 'replica',
    budgetCores: 0.2,
  })
  expect(meter.filter(({ role }) => role === 'database').map(({ component }) => component)).toEqual([
    'database',
  ])
})

test('restored data is restored there too before it is said to be', async () => {
  await get('/count')
  await running.restoreData()
  expect(await countOn()).toBe(0)
})

test('replicas are added and removed in place: the primary stays, the app is told', async () => {
  const started = async () => (await running.query('select pg_postmaster_start_time()::text as at'))[0]
  const before = await started()
  await stand.moveTo(withReplicas(0), signal)
  expect(replicas()).toEqual([])
  expect((await get('/environment')).replicas).toEqual([])
  expect(await running.query('select slot_name from pg_replication_slots')).toEqual([])
  await stand.moveTo(withReplicas(2), signal)
  const { n } = await get('/count')
  for (const index of [0, 1]) await until(async () => (await countOn(index)) === n)
  expect((await get('/environment')).replicas).toHaveLength(2)
  expect(await started()).toEqual(before)
  await stand.moveTo(withReplicas(1), signal)
  expect(replicas().map(({ component }) => component)).toEqual(['replica-1'])
})

test('a delayed replica shows a commit late, and restored data at once; its probe tells the lag', async () => {
  await stand.moveTo(withReplicas(1, { replicaApplyDelayMs: 60_000 }), signal)
  const clock = { t0Ns: 0n, nowUs: () => Math.round(performance.now() * 1000) }
  const probe = await replicaProbe.open(running.endpoints, clock)
  const before = await countOn()
  await get('/count')
  expect(await probe.sample()).toEqual([])
  await sleep(1000)
  const [reading] = await probe.sample()
  expect(await countOn()).toBe(before)
  expect(reading).toMatchObject({ probe: 'replica', role: 'replica', component: 'replica-1' })
  expect(reading!.values['streaming']).toBe(1)
  expect(reading!.values['replayLagMs']).toBeGreaterThanOrEqual(900)
  expect(reading!.values['bytesBehind']).toBeGreaterThan(0)
  await running.restoreData()
  expect(await countOn()).toBe(0)
  expect(await onReplica('show recovery_min_apply_delay')).toEqual([{ recovery_min_apply_delay: '1min' }])
  await stand.moveTo(withReplicas(1), signal)
  const { n } = await get('/count')
  await until(async () => (await countOn()) === n)
  await sleep(1000)
  expect((await probe.sample())[0]!.values['replayLagMs']).toBe(0)
  await probe.close()
})

test('a restarted primary has replicas again, with its settings', async () => {
  await stand.moveTo(withReplicas(1, { maxConnections: 60 }), signal)
  expect(await onReplica('show max_connections')).toEqual([{ max_connections: '68' }])
  const { n } = await get('/count')
  await until(async () => (await countOn()) === n)
})

test('a replica that dies is reported, and comes back with the next move', async () => {
  const death = new Promise<{ component: string }>((resolve) => running.onDeath(resolve))
  const { pid } = tracesOf(process.pid).list.processes.find(({ name }) => name === 'replica-1')!
  const { folder } = tracesOf(process.pid)
  const segments = segmentsOf(folder)
  process.kill(pid, 'SIGKILL')
  expect((await death).component).toBe('replica-1')
  await stand.moveTo(withReplicas(1), signal)
  // The dead one's went with its data; the primary, whose settings differ from the last test's, was restarted.
  expect(segmentsHere().filter((id) => segments.includes(id))).toEqual([])
  const { n } = await get('/count')
  await until(async () => (await countOn()) === n)
})

test('nothing is left of a killed replica either', async () => {
  const traces = tracesOf(process.pid)
  const segments = segmentsOf(traces.folder)
  if (process.platform === 'linux') expect(segments).toHaveLength(2)
  for (const name of ['replica-1', 'database'])
    process.kill(traces.list.processes.find((one) => one.name === name)!.pid, 'SIGKILL')
  await running.down()
  expect(await leftAfter(traces, 3000)).toEqual([])
  expect(segmentsHere().filter((id) => segments.includes(id))).toEqual([])
})

/** Ids of the System V segments of a run's servers: line 7 of postmaster.pid is "key id". */
function segmentsOf(folder: string): readonly string[] {
  const servers = readdirSync(folder).filter((name) => name.startsWith('data'))
  const ids = servers.map(
    (name) => readFileSync(join(folder, name, 'postmaster.pid'), 'latin1').split('\n')[6],
  )
  return ids.flatMap((line) => line?.trim().split(/\s+/)[1] ?? [])
}

function segmentsHere(): readonly string[] {
  const list = '/proc/sysvipc/shm'
  if (!existsSync(list)) return []
  return readFileSync(list, 'latin1')
    .split('\n')
    .slice(1)
    .flatMap((line) => line.trim().split(/\s+/)[1] ?? [])
}
