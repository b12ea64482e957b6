import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startClock } from '../../clock.ts'
import { DEFAULT_TOPOLOGY } from '../../core/topology.ts'
import type { EnvironmentSpec, MeterReading, Running } from '../../ports.ts'
import { balancerProbe } from '../../probes/balancer.ts'
import { databaseProbe } from '../../probes/database.ts'
import { SAMPLE_SHOP } from '../../sample-shop-app.ts'
import { requiresCompose } from '../../testing/requires-compose.ts'
import { runScript } from '../embedded/testing/run-script.ts'
import { DockerEngine } from './docker/engine.ts'
import { findDocker } from './docker/find-docker.ts'
import { readPinnedImages } from './images.ts'
import { composeEnvironment } from './index.ts'
import { imageOf, projectLabel, readProject } from './project.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const images = readPinnedImages(join(ROOT, 'docker-compose.yml'), join(ROOT, 'sample-shop/docker/Dockerfile'))
const { skip } = requiresCompose(Object.values(images))

// Each test moves whole containers: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const spec = (change: Partial<EnvironmentSpec> = {}): EnvironmentSpec => ({
  topology: DEFAULT_TOPOLOGY,
  app: SAMPLE_SHOP,
  clock: startClock(),
  ...change,
})

/** The run folder a process has made. */
function folderOf(pid: number): string {
  const name = readdirSync(tmpdir()).find((entry) => entry.startsWith(`doorbuster-compose-${pid}-`))
  if (!name) throw new Error(`process ${pid} has no run folder`)
  return join(tmpdir(), name)
}

/** What Docker and the disk still hold of a project, in words. */
async function leftOf(folder: string, name: string, engine: DockerEngine): Promise<readonly string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [projectLabel({ name })] }))
  const containers = await engine.ask<readonly unknown[]>(
    'GET',
    `/containers/json?all=true&filters=${filters}`,
  )
  const networks = await engine.ask<readonly unknown[]>('GET', `/networks?filters=${filters}`)
  const { Volumes } = await engine.ask<{ Volumes: readonly unknown[] | null }>(
    'GET',
    `/volumes?filters=${filters}`,
  )
  const tagged = await engine.ask<readonly { RepoTags: readonly string[] | null }[]>('GET', '/images/json')
  return [
    ...containers.map(() => 'container'),
    ...networks.map(() => 'network'),
    ...(Volumes ?? []).map(() => 'volume'),
    ...tagged.filter(({ RepoTags }) => RepoTags?.some((tag) => tag.startsWith(name))).map(() => 'image'),
    ...(existsSync(folder) ? ['folder'] : []),
  ]
}

describe.skipIf(skip)('the compose environment', () => {
  let running: Running
  let project: { readonly folder: string; readonly name: string; readonly engine: DockerEngine }
  const deaths: string[] = []
  beforeAll(async () => {
    running = await composeEnvironment().up(spec(), () => {}, new AbortController().signal)
    running.onDeath(({ component, detail }) => deaths.push(`${component}: ${detail}`))
    const folder = folderOf(process.pid)
    const { name, socketPath } = readProject(folder)!
    project = { folder, name, engine: new DockerEngine(socketPath) }
  })
  afterAll(() => running?.down())

  const status = async (path = '/'): Promise<number> => (await fetch(`${running.url}${path}`)).status
  const products = async (): Promise<unknown> =>
    (await running.query('select count(*)::int as n from products'))[0]?.['n']
  const meterOf = async (component: string): Promise<MeterReading> =>
    (await running.endpoints.meter()).find((reading) => reading.component === component)!

  test('a seeded shop answers behind HAProxy, on loopback', async () => {
    expect(new URL(running.url).hostname).toBe('127.0.0.1')
    expect(await status()).toBe(200)
    expect(await products()).toBe(10_000)
    expect(running.topology?.balancer.engine).toBe('haproxy')
  })

  test('the app’s role keeps off the connections that are the harness’s', async () => {
    const rows = await running.query(`select rolsuper from pg_roles where rolname = 'shop'`)
    expect(rows).toEqual([{ rolsuper: false }])
  })

  test('probes read database and balancer', async () => {
    const clock = startClock()
    const [database, balancer] = await Promise.all([
      databaseProbe.open(running.endpoints, clock),
      balancerProbe.open(running.endpoints, clock),
    ])
    try {
      const found = await vi.waitFor(
        async () => {
          expect(await status()).toBe(200)
          const readings = [...(await database.sample()), ...(await balancer.sample())]
          const of = (probe: string) => readings.find((reading) => reading.probe === probe)
          expect(of('database')?.values['connections']).toBeGreaterThan(0)
          expect(of('balancer')?.values['requestsPerSec']).toBeGreaterThan(0)
          return of('balancer')
        },
        { timeout: 20_000, interval: 300 },
      )
      expect(found?.servers).toMatchObject([{ server: 'app-1' }])
    } finally {
      await Promise.all([database.close(), balancer.close()])
    }
  })

  test('CPU is metered for every component, and budgets bind once they are enforced', async () => {
    const before = (await running.endpoints.meter()).map(({ component, budgetCores }) => [
      component,
      budgetCores,
    ])
    expect(before).toEqual(
      expect.arrayContaining([
        ['app-1', null],
        ['balancer', null],
        ['database', null],
      ]),
    )
    await running.enforceBudgets(true)
    expect(running.isolation).toMatchObject({ means: 'docker', periodMs: 10 })
    expect(running.isolation.bindsWithin).not.toBeNull()
    const from = await meterOf('app-1')
    const until = performance.now() + 1500
    const click = async (): Promise<void> => {
      while (performance.now() < until) await status('/best-sellers')
    }
    await Promise.all(Array.from({ length: 8 }, click))
    const to = await meterOf('app-1')
    expect(to.budgetCores).toBe(DEFAULT_TOPOLOGY.app.cpu)
    expect((to.usedUs - from.usedUs) / (to.atUs - from.atUs)).toBeLessThan(DEFAULT_TOPOLOGY.app.cpu * 1.2)
    expect(to.enforcedUs).toBeGreaterThan(from.enforcedUs)
    await running.enforceBudgets(false)
  })

  test('both fixes are applied to running containers, and undone', async () => {
    const first = running.endpoints.apps()
    await running.apply([
      { id: 'database.scale-up', step: 2 },
      { id: 'app.scale-out', step: 2 },
    ])
    expect(running.endpoints.apps().map(({ component }) => component)).toEqual(['app-1', 'app-2'])
    expect(running.endpoints.apps()[0]).toEqual(first[0])
    for (let i = 0; i < 10; i++) expect(await status()).toBe(200)
    const answered = await Promise.all(
      running.endpoints.apps().map(async ({ metricsUrl }) => {
        const text = await (await fetch(metricsUrl!)).text()
        return /^shop_requests_total\{.*"GET \/".*\} [1-9]/m.test(text)
      }),
    )
    expect(answered).toEqual([true, true])
    await running.undo()
    expect(running.endpoints.apps()).toEqual(first)
    expect(await status()).toBe(200)
  })

  test('restored data is the seeded data, and the app has found it', async () => {
    await running.query('delete from order_lines; delete from orders')
    await running.restoreData()
    const [row] = await running.query('select count(*)::int as n from orders')
    expect(row?.['n']).toBe(40_000)
    expect(await status()).toBe(200)
  })

  test('nothing of that was a death; a container that is killed is one', async () => {
    expect(deaths).toEqual([])
    const filters = encodeURIComponent(
      JSON.stringify({ label: [projectLabel(project), 'com.docker.compose.service=shop'] }),
    )
    const [shop] = await project.engine.ask<readonly { Id: string }[]>(
      'GET',
      `/containers/json?filters=${filters}`,
    )
    await project.engine.ask('POST', `/containers/${shop!.Id}/kill`)
    await vi.waitFor(() => expect(deaths).toEqual([expect.stringMatching(/^app-1: exit code 137/)]), 10_000)
  })

  test('it leaves nothing', async () => {
    await running.down()
    expect(await leftOf(project.folder, project.name, project.engine)).toEqual([])
    await running.down()
  })

  test('nor does another after it, nor the image that was made for it', async () => {
    const { engine } = project
    type Image = { readonly Id: string; readonly RepoTags: readonly string[] | null }
    const images = () => engine.ask<readonly Image[]>('GET', '/images/json?all=true')
    running = await composeEnvironment().up(spec(), () => {}, new AbortController().signal)
    const folder = folderOf(process.pid)
    const second = readProject(folder)!
    expect(second.name).not.toBe(project.name)
    const made = await engine.ask<{ Id: string }>('GET', `/images/${imageOf(second)}/json`)
    expect((await leftOf(folder, second.name, engine)).length).toBeGreaterThan(3)
    await running.down()
    expect(await leftOf(folder, second.name, engine)).toEqual([])
    // The very same image may bear a name of somebody else's; without any name it would be ours.
    const unnamed = (await images()).filter(
      ({ RepoTags }) => !RepoTags?.some((tag) => tag !== '<none>:<none>'),
    )
    expect(unnamed.map(({ Id }) => Id)).not.toContain(made.Id)
  })
})

describe.skipIf(skip)('nothing is left', () => {
  const standUp = fileURLToPath(new URL('testing/stand-up.ts', import.meta.url))

  test.each(['starting Postgres', 'seeding', 'up at'])(
    'when the harness is killed at "%s"',
    async (moment) => {
      const { engine } = await findDocker()
      const { child, pid, nextLine } = runScript(standUp, [], {})
      while (!(await nextLine()).includes(moment));
      const folder = folderOf(pid)
      const { name } = readProject(folder)!
      child.kill('SIGKILL')
      await vi.waitFor(async () => expect(await leftOf(folder, name, engine)).toEqual([]), {
        timeout: 40_000,
        interval: 300,
      })
    },
  )

  test('when it is interrupted while it comes up', async () => {
    const { engine } = await findDocker()
    const interrupt = new AbortController()
    let folder = ''
    let name = ''
    const coming = composeEnvironment().up(
      spec(),
      (text) => {
        if (!text.includes('seeding')) return
        folder = folderOf(process.pid)
        name = readProject(folder)!.name
        setTimeout(() => interrupt.abort(), 300)
      },
      interrupt.signal,
    )
    await expect(coming).rejects.toMatchObject({ code: 'interrupted' })
    expect(name).not.toBe('')
    expect(await leftOf(folder, name, engine)).toEqual([])
  })
})

describe('what cannot be', () => {
  const up = (change: Partial<EnvironmentSpec>) =>
    composeEnvironment().up(spec(change), () => {}, new AbortController().signal)

  test('HAProxy lacks an algorithm: said before anything is started', async () => {
    const balancer = { ...DEFAULT_TOPOLOGY.balancer, algorithm: 'ewma' } as const
    await expect(up({ topology: { ...DEFAULT_TOPOLOGY, balancer } })).rejects.toMatchObject({ code: 'usage' })
  })

  test('a Redis that the app asks for and the topology does not have', async () => {
    const app = { ...DEFAULT_TOPOLOGY.app, settings: { cache: 'redis' } }
    await expect(up({ topology: { ...DEFAULT_TOPOLOGY, app } })).rejects.toMatchObject({
      code: 'usage',
      where: 'topology.app.settings.cache=redis',
    })
  })

  test('an engine elsewhere is refused: load goes to this machine only', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://10.1.2.3:2375')
    await expect(up({})).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringContaining('must be on this machine'),
    })
    vi.unstubAllEnvs()
  })

  test('an engine that is not there is named', async () => {
    vi.stubEnv('DOCKER_HOST', 'unix:///nowhere/docker.sock')
    await expect(up({})).rejects.toMatchObject({ code: 'environment', where: '/nowhere/docker.sock' })
    vi.unstubAllEnvs()
  })
})
