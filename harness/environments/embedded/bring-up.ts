import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HarnessError } from '../../core/errors.ts'
import type { AppSpec, EnvironmentSpec } from '../../ports.ts'
import { bundle } from '../bundle.ts'
import { databaseUrl, SHOP_DATABASE, SHOP_ROLE } from '../postgres-connection.ts'
import { createShopDatabase, snapshotData } from '../postgres-data.ts'
import { type PreparedApp, seedData } from './app/app-instances.ts'
import { type FaultProxy, needsProxy, startFaultProxy } from './faults/fault-proxy.ts'
import { haproxySocket } from './haproxy/haproxy-socket.ts'
import { nativeFolder } from './postgres/native-folder.ts'
import { postgresUser } from './postgres/run-as.ts'
import { initialise, startServer } from './postgres/server.ts'
import { Stand } from './stand.ts'
import type { Supervisor } from './supervisor/connect.ts'

const BALANCER_ENTRY = fileURLToPath(new URL('../../balancer/proxy-process.ts', import.meta.url))

/** From an empty run folder to a seeded shop that answers; whatever fails on the way is thrown as it is. */
export async function bringUp(
  { topology, app, faults = [] }: EnvironmentSpec,
  folder: string,
  supervisor: Supervisor,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<{ readonly stand: Stand; readonly proxy: FaultProxy | null }> {
  // Before anything is started: a folder whose path is too long does not become shorter.
  if (topology.balancer.engine === 'haproxy') haproxySocket(folder)
  progress('bundling the app and preparing Postgres')
  const [prepared, balancerBundle, home] = await allOrFirstFailure([
    prepareApp(app, folder),
    bundle(BALANCER_ENTRY, folder, 'balancer'),
    prepareDatabase(supervisor, folder),
  ])
  signal.throwIfAborted()

  progress('starting Postgres')
  const database = await startServer(supervisor, home, topology.database, signal)
  await createShopDatabase(database)

  progress('seeding the shop')
  const url = databaseUrl(database, SHOP_ROLE, SHOP_DATABASE)
  await seedData(supervisor, prepared, topology.app, url)
  signal.throwIfAborted()
  progress('taking a snapshot of the seeded data')
  await snapshotData(database)

  const { replicas } = topology.database
  const databases = replicas === 0 ? '' : `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}, `
  const servers = topology.app.instances === 1 ? '1 app server' : `${topology.app.instances} app servers`
  const beside = `${topology.pooler.kind === 'none' ? '' : 'PgBouncer, '}${topology.cache.kind === 'none' ? '' : 'Redis, '}`
  progress(
    `starting ${databases}${beside}${servers}${topology.balancer.engine === 'none' ? '' : ' and the balancer'}`,
  )
  const proxy = needsProxy(faults) ? await startFaultProxy(supervisor, folder, database.port, signal) : null
  const parts = { supervisor, app: prepared, balancerBundle, home, folder }
  const stand = new Stand({ ...parts, ...(proxy && { appDatabasePort: proxy.port }) }, topology, database)
  await stand.moveTo(topology, signal)
  return { stand, proxy }
}

async function prepareApp(spec: AppSpec, folder: string): Promise<PreparedApp> {
  if (!existsSync(spec.cwd)) {
    throw new HarnessError({
      code: 'environment',
      message: `the app's folder does not exist: ${spec.cwd}`,
      where: `AppSpec.cwd of ${spec.name}`,
      hint: 'give the folder its command is to run in',
    })
  }
  const made = (entry: string | undefined, name: string): Promise<string | null> =>
    entry === undefined ? Promise.resolve(null) : bundle(resolve(spec.cwd, entry), folder, name)
  const [bundlePath, seedBundlePath] = await Promise.all([
    made(spec.entry, 'app'),
    made(spec.seed?.entry, 'seed'),
  ])
  return { spec, bundlePath, seedBundlePath }
}

async function prepareDatabase(supervisor: Supervisor, folder: string) {
  const runAs = postgresUser()
  return initialise(supervisor, nativeFolder(folder, runAs), folder, runAs)
}

/** Like `Promise.all`, but a failure waits until the others are through: nobody writes to the folder afterwards. */
async function allOrFirstFailure<const Parts extends readonly Promise<unknown>[]>(parts: Parts) {
  await Promise.allSettled(parts)
  return Promise.all(parts)
}
