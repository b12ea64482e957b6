import { setTimeout as sleep } from 'node:timers/promises'
import { HarnessError } from '../../../core/errors.ts'
import type { AppTopology } from '../../../core/topology.ts'
import type { AppSpec } from '../../../ports.ts'
import { appVariables, type Backing } from '../../app-variables.ts'
import { answersOk } from '../../http-call.ts'
import { startListening } from '../start-listening.ts'
import { describeEnd, type Supervisor } from '../supervisor/connect.ts'
import { fillCommand, withNodeOnPath } from './fill-command.ts'

export type AppInstance = {
  readonly component: string
  readonly port: number
  readonly pid: number
  readonly url: string
}

/** An app with its bundles made, ready to be started any number of times. */
export type PreparedApp = {
  readonly spec: AppSpec
  readonly bundlePath: string | null
  readonly seedBundlePath: string | null
}

const READY_WITHIN_MS = 30_000

/** Runs the app's seed command on the empty database; rejects with its output when it fails. */
export async function seedData(
  supervisor: Supervisor,
  { spec, seedBundlePath }: PreparedApp,
  topology: AppTopology,
  databaseUrl: string,
): Promise<void> {
  if (!spec.seed) return
  const end = await supervisor.ask('run', {
    name: 'seed',
    ...fillCommand(spec.seed.command, seedBundlePath),
    env: withNodeOnPath(appVariables(spec, topology, { databaseUrl })),
    cwd: spec.cwd,
  })
  if (end.code === 0) return
  throw new HarnessError({
    code: 'environment',
    message: `seeding the database failed: ${describeEnd(end)}`,
    where: `seed command of ${spec.name}: ${spec.seed.command.join(' ')}`,
    hint: /ENOSPC|No space left/.test(end.tail)
      ? 'free some disk space in the temporary folder (TMPDIR)'
      : 'run the seed command by itself against an empty database (DATABASE_URL) to see why',
  })
}

/**
 * Starts instance `number` (from 1) and waits until its `readyPath` answers 200, for as long as it may take at most;
 * `fixedPort` is kept if given (a restart).
 */
export async function startInstance(
  supervisor: Supervisor,
  { spec, bundlePath }: PreparedApp,
  topology: AppTopology,
  number: number,
  backing: Backing,
  signal: AbortSignal,
  readyWithinMs = READY_WITHIN_MS,
  fixedPort?: number,
): Promise<AppInstance> {
  const component = `app-${number}`
  const shared = withNodeOnPath(appVariables(spec, topology, backing))
  const { port, pid } = await startListening({
    supervisor,
    signal,
    withinMs: Math.min(READY_WITHIN_MS, readyWithinMs),
    ...(fixedPort === undefined ? {} : { port: fixedPort }),
    program: (chosen) => ({
      name: component,
      role: 'app',
      endWith: 'SIGTERM',
      ...fillCommand(spec.command, bundlePath),
      env: { ...shared, PORT: String(chosen), HOST: '127.0.0.1', INSTANCE: component },
      cwd: spec.cwd,
    }),
    ready: (chosen) => answersOk(`http://127.0.0.1:${chosen}${spec.readyPath}`),
    hint: `it must listen on HOST:PORT and answer 200 at ${spec.readyPath} once it can serve`,
  })
  return { component, port, pid, url: `http://127.0.0.1:${port}` }
}

const RECOVER_WITHIN_MS = 10_000
const RECOVER_POLL_MS = 20

/** Waits until an instance answers ready twice in a row, after the database went away under it. */
export async function recovered(spec: AppSpec, { component, url }: AppInstance): Promise<void> {
  const deadline = performance.now() + RECOVER_WITHIN_MS
  for (let inARow = 0; inARow < 2; ) {
    inARow = (await answersOk(`${url}${spec.readyPath}`)) ? inARow + 1 : 0
    if (inARow > 0) continue
    if (performance.now() > deadline) throw notRecovered(spec, component)
    await sleep(RECOVER_POLL_MS)
  }
}

function notRecovered(spec: AppSpec, component: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${component} did not come back within ${RECOVER_WITHIN_MS / 1000} s after its database connections were closed`,
    where: `${component}${spec.readyPath}`,
    hint: 'its pool must replace broken connections, and an idle connection’s error must not end the process',
  })
}
