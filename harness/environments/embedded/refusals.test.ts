import { readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { expect, test, vi } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import type { EnvironmentSpec } from '../../ports.ts'
import { candidateMeans } from './budgets/candidates.ts'
import { embeddedEnvironment } from './index.ts'
import { tinySpec } from './testing/tiny-spec.ts'

// Each test starts whole environments: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000 })

async function refusalOf(spec: EnvironmentSpec, signal = new AbortController().signal) {
  const error = await embeddedEnvironment()
    .up(spec, () => {}, signal)
    .then(
      async (running) => {
        await running.down()
        throw new Error('it came up')
      },
      (refusal: unknown) => refusal,
    )
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`doorbuster-${process.pid}-`))).toEqual([])
  return error
}
const withDatabase = (database: Partial<Topology['database']>): Topology => ({
  ...DEFAULT_TOPOLOGY,
  database: { ...DEFAULT_TOPOLOGY.database, ...database },
})

test('budgets that do not fit the machine', async () => {
  expect(await refusalOf(tinySpec({ topology: withDatabase({ cpu: 500 }) }))).toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/needs 500\.95 cores \(balancer 0\.25 \+ app 1 × 0\.3 \+ database 500/),
    where: expect.stringContaining('database.cpu'),
    hint: expect.stringContaining('--set'),
  })
})

test('a port that is in use', async () => {
  const taken = await new Promise<Server>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })
  const { port } = taken.address() as { port: number }
  expect(await refusalOf(tinySpec({ env: { TINY_FIXED_PORT: String(port) } }))).toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/app-1 found its port in use[\s\S]*EADDRINUSE/),
    hint: expect.stringContaining('PORT'),
  })
  taken.close()
})

test('a seed command that fails tells its own words', async () => {
  expect(await refusalOf(tinySpec({ env: { TINY_BAD_SEED: '1' } }))).toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/seeding the database failed[\s\S]*no_such_table/),
    where: expect.stringContaining('seed command of tiny'),
  })
})

test('a Postgres setting the server refuses', async () => {
  expect(
    await refusalOf(tinySpec({ topology: withDatabase({ settings: { work_mem: 'plenty' } }) })),
  ).toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/database did not start[\s\S]*invalid value for parameter "work_mem"/),
    where: 'database',
  })
})

test('an app that cannot be bundled, and one that ends at once', async () => {
  const spec = tinySpec()
  expect(await refusalOf({ ...spec, app: { ...spec.app, entry: 'no-such-file.ts' } })).toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/no-such-file\.ts cannot be bundled/),
  })
  const quits = { ...spec.app, command: ['node', '-e', 'console.error("no licence"); process.exit(3)'] }
  expect(await refusalOf({ ...spec, app: quits })).toMatchObject({
    message: expect.stringMatching(/app-1 did not start: exit code 3[\s\S]*no licence/),
    hint: expect.stringContaining('/readyz'),
  })
})

test('an interruption while it comes up', async () => {
  const interruption = new AbortController()
  const spec = tinySpec()
  const up = refusalOf(spec, interruption.signal)
  setTimeout(() => interruption.abort(), 400)
  expect(await up).toMatchObject({ code: 'interrupted' })
})

test('a means of enforcing budgets that does not exist', async () => {
  process.env['DOORBUSTER_BUDGETS'] = 'wishful-thinking'
  expect(await refusalOf(tinySpec())).toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('duty-cycle'),
  })
  delete process.env['DOORBUSTER_BUDGETS']
})

test('a means of enforcing budgets that is not here, with the reason', async ({ skip }) => {
  const candidates = candidateMeans(`trial-${process.pid}`, process.pid, undefined)
  const made = candidates.map(({ name, make }) => ({ name, why: make() }))
  for (const { why } of made) if (typeof why !== 'string') why.close()
  const missing = made.find(({ why }) => typeof why === 'string')
  skip(missing === undefined, 'every means is available on this machine')
  process.env['DOORBUSTER_BUDGETS'] = missing!.name
  expect(await refusalOf(tinySpec())).toMatchObject({
    code: 'usage',
    message: `DOORBUSTER_BUDGETS=${missing!.name} is not available here: ${missing!.why}`,
  })
  delete process.env['DOORBUSTER_BUDGETS']
})
