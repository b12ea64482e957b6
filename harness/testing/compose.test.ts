import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DEFAULT_TOPOLOGY } from '../core/topology.ts'
import { requires } from './requires.ts'
import { requiresCompose } from './requires-compose.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const FILE = join(ROOT, 'docker-compose.yml')
const DOCKERFILE = join(ROOT, 'sample-shop/docker/Dockerfile')
const BALANCER_CONFIG = join(ROOT, 'sample-shop/docker/haproxy.cfg')
const PROMETHEUS_CONFIG = join(ROOT, 'sample-shop/docker/prometheus.yml')

const text = readFileSync(FILE, 'utf8')
/** The only image that is made here, by copying the bundle. */
const SHOP_IMAGE = 'doorbuster-shop'
const base = /^FROM (\S+)$/m.exec(readFileSync(DOCKERFILE, 'utf8'))![1]!
const named = [...text.matchAll(/^ *image: (\S+)/gm)].map(([, image]) => image!)
const images = [...new Set([base, ...named.filter((image) => image !== SHOP_IMAGE)])]
const PROMETHEUS = /^prom\/prometheus:/

const MEMORY_BY_SERVICE = {
  database: 512,
  shop: 256,
  balancer: 128,
}

const CPU_BY_SERVICE = {
  database: DEFAULT_TOPOLOGY.database.cpu,
  shop: DEFAULT_TOPOLOGY.app.cpu,
  balancer: DEFAULT_TOPOLOGY.balancer.cpu,
}

describe('docker-compose.yml', () => {
  it('fixes the version of every image it fetches', () => {
    expect(images.length).toBeGreaterThanOrEqual(6)
    for (const image of images)
      expect(image).toMatch(/^(postgres|haproxy|node|redis|edoburu\/pgbouncer|prom\/prometheus):v?\d+/)
  })

  it('copies the bundle into the shop’s image, and installs nothing', () => {
    const lines = readFileSync(DOCKERFILE, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['FROM', 'COPY', 'CMD'])
  })

  it('publishes ports on loopback only', () => {
    const ports = [...text.matchAll(/^ *ports: \["(.*)"\]$/gm)].map(([, port]) => port)
    expect(text.match(/^ *(ports|expose|network_mode):/gm)).toHaveLength(ports.length)
    expect(ports.length).toBeGreaterThan(0)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  it('checks and limits everything that keeps running', () => {
    const services = [...text.matchAll(/^ {2}(\w+):\n((?: {4}.*\n|\n)+)/gm)]
      .map(([, name, block]) => ({ name, block: block! }))
      .filter(({ name, block }) => name !== 'seed' && /image:|<<: \*shop/.test(block))
    expect(services.map(({ name }) => name)).toEqual([
      'database',
      'shop',
      'balancer',
      'replica',
      'pooler',
      'cache',
      'prometheus',
    ])
    for (const { name, block } of services) {
      expect(block, name).toMatch(/^ {4}healthcheck:/m)
      expect(block, name).toMatch(/limits: \{ cpus: "[\d.]+", memory: \d+M \}/)
    }
  })

  it.each(Object.entries(CPU_BY_SERVICE))('gives %s the CPU of the default topology', (service, cpu) => {
    const block = text.match(new RegExp(`^  ${service}:\\n((?: {4}.*\\n|\\n)+)`, 'm'))?.[1]
    expect(block).toMatch(new RegExp(`limits: \\{ cpus: "${cpu}",`))
  })
})

const haproxy = requires('haproxy')

describe.skipIf(haproxy.skip)('haproxy.cfg', () => {
  it('is accepted by HAProxy without a warning', () => {
    const { status, stderr } = spawnSync(haproxy.path, ['-c', '-f', BALANCER_CONFIG], { encoding: 'utf8' })
    expect({ status, warnings: stderr.match(/\[(WARNING|ALERT)\].*/g) }).toEqual({
      status: 0,
      warnings: null,
    })
  })
})

const promtool = requires('promtool')

describe.skipIf(promtool.skip)('prometheus.yml', () => {
  it('is accepted by Prometheus', () => {
    const { status, stdout } = spawnSync(promtool.path, ['check', 'config', PROMETHEUS_CONFIG], {
      encoding: 'utf8',
    })
    expect(status, stdout).toBe(0)
  })
})

const { skip, docker, compose } = requiresCompose(images.filter((image) => !PROMETHEUS.test(image)))
const prometheus = requiresCompose(images.filter((image) => PROMETHEUS.test(image)))

describe.skipIf(skip)('docker compose up', () => {
  const project = `doorbuster-test-${process.pid}`
  let url: string

  async function inDocker(...args: readonly string[]): Promise<string> {
    return (await run(docker, [...args])).stdout.trim()
  }

  async function inCompose(args: readonly string[], more: Record<string, string> = {}): Promise<string> {
    const [program, ...before] = compose
    const env = { ...process.env, COMPOSE_PROJECT_NAME: project, SHOP_PORT: new URL(url).port, ...more }
    return (await run(program, [...before, '-f', FILE, ...args], { cwd: ROOT, env })).stdout
  }

  async function containers(service: string): Promise<readonly string[]> {
    const labels = { project, service, oneoff: 'False' }
    const filters = Object.entries(labels).flatMap(([name, value]) => [
      '--filter',
      `label=com.docker.compose.${name}=${value}`,
    ])
    return (await inDocker('ps', '-q', ...filters)).split('\n').filter((id) => id !== '')
  }

  async function inspect(container: string, field: string): Promise<unknown> {
    return JSON.parse(await inDocker('inspect', '--format', `{{json .${field}}}`, container))
  }

  /** Home pages a replica has answered, by its own count. */
  async function answeredBy(container: string): Promise<number> {
    const ask =
      "fetch('http://127.0.0.1:8080/metrics').then((r) => r.text()).then((t) => process.stdout.write(t))"
    const metrics = await inDocker('exec', container, 'node', '-e', ask)
    const counts = metrics.matchAll(/^shop_requests_total\{.*"GET \/".*\} (\d+)$/gm)
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  /** Asks for the home page again and again, one after the other; the statuses. */
  async function visit(times: number): Promise<readonly number[]> {
    const statuses: number[] = []
    for (let visits = 0; visits < times; visits++) {
      const response = await fetch(url)
      await response.arrayBuffer()
      statuses.push(response.status)
    }
    return statuses
  }

  const allRight = (times: number) => Array.from({ length: times }, () => 200)

  beforeAll(async () => {
    url = `http://127.0.0.1:${await freePort()}/`
    await run('npm', ['run', '-s', 'bundle:shop'], { cwd: ROOT })
    await inCompose(['up', '-d', '--build'])
    // A port that was published a moment ago may take a connection and never answer on it: each try ends by itself.
    const answer = () => fetch(url, { signal: AbortSignal.timeout(3000) })
    await vi.waitFor(async () => expect((await answer()).status).toBe(200), {
      timeout: 90_000,
      interval: 200,
    })
  }, 240_000)

  afterAll(() => inCompose(['down', '-v', '-t', '2']), 60_000)

  it('budgets every container, and opens nothing but the balancer, on loopback', async () => {
    for (const [service, cpu] of Object.entries(CPU_BY_SERVICE)) {
      const ids = await containers(service)
      expect(ids, service).toHaveLength(service === 'shop' ? 2 : 1)
      for (const id of ids) {
        expect(await inspect(id, 'HostConfig.NanoCpus'), service).toBe(cpu * 1e9)
        const memoryMb = MEMORY_BY_SERVICE[service as keyof typeof MEMORY_BY_SERVICE]
        expect(await inspect(id, 'HostConfig.Memory'), service).toBe(memoryMb * 2 ** 20)
        const bindings = await inspect(id, 'HostConfig.PortBindings')
        const open = { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: new URL(url).port }] }
        expect(bindings ?? {}, service).toEqual(service === 'balancer' ? open : {})
      }
    }
  })

  it('spreads shoppers over the replicas', async () => {
    expect(await visit(12)).toEqual(allRight(12))
    for (const replica of await containers('shop')) expect(await answeredBy(replica)).toBeGreaterThan(2)
  })

  it('finds a replica that is added, keeps the orders, and goes on when one is killed', async () => {
    const placed = await fetch(`${url}checkout`, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'idempotency-key': 'compose',
      },
      body: JSON.stringify({ email: 'a@b.eu', items: [{ product: 1, quantity: 1 }] }),
    })
    expect(placed.status).toBe(201)
    const { id } = (await placed.json()) as { readonly id: number }

    const before = await containers('shop')
    await inCompose(['up', '-d', '--scale', 'shop=3'])
    const [added, ...others] = (await containers('shop')).filter((one) => !before.includes(one))
    expect(others).toEqual([])
    await vi.waitFor(
      async () => {
        expect(await visit(6)).toEqual(allRight(6))
        expect(await answeredBy(added!)).toBeGreaterThan(0)
      },
      { timeout: 30_000, interval: 200 },
    )
    expect((await fetch(`${url}orders/${id}`)).status).toBe(200)

    await inDocker('kill', before[0]!)
    expect(await visit(30)).toEqual(allRight(30))
  }, 120_000)

  it('brings up replica, pooler and cache by profile, and the shop uses them', async () => {
    const uses = {
      DATABASE_URL: 'postgres://shop@pooler:5432/shop',
      SHOP_REPLICA_URLS: 'postgres://shop@replica:5432/shop',
      SHOP_CACHE: 'redis',
    }
    const profiles = ['replica', 'pgbouncer', 'redis'].flatMap((name) => ['--profile', name])
    await inCompose([...profiles, 'up', '-d'], uses)
    const healthy = async (service: string): Promise<unknown> => {
      const [id] = await containers(service)
      return id === undefined ? 'absent' : inspect(id, 'State.Health.Status')
    }
    await vi.waitFor(
      async () => {
        for (const service of ['replica', 'pooler', 'cache', 'shop', 'balancer'])
          expect(await healthy(service), service).toBe('healthy')
        expect(await visit(4)).toEqual(allRight(4))
      },
      { timeout: 90_000, interval: 500 },
    )
    const inDatabase = async (service: string, sql: string): Promise<string> => {
      const [id] = await containers(service)
      return inDocker('exec', id!, 'psql', '-h', '127.0.0.1', '-U', 'shop', '-d', 'shop', '-Atc', sql)
    }
    expect(await inDatabase('replica', 'select pg_is_in_recovery()')).toBe('t')
    expect(await inDatabase('replica', 'select count(*) > 0 from products')).toBe('t')
    const [cache] = await containers('cache')
    expect(Number(await inDocker('exec', cache!, 'redis-cli', 'dbsize'))).toBeGreaterThan(0)
    const [pooler] = await containers('pooler')
    const address = await inspect(pooler!, 'NetworkSettings.Networks')
    const { IPAddress } = Object.values(address as Record<string, { IPAddress: string }>)[0]!
    const [database] = await containers('database')
    const from = `select count(*) > 0 from pg_stat_activity where client_addr = '${IPAddress}'`
    expect(await inDocker('exec', database!, 'psql', '-U', 'shop', '-d', 'shop', '-Atc', from)).toBe('t')
    await inCompose([...profiles, 'down', '-v', '-t', '2'])
  }, 180_000)

  it.skipIf(prometheus.skip)(
    'brings up Prometheus by its profile, and it reads every replica and the balancer',
    async () => {
      const port = await freePort()
      const profile = ['--profile', 'prometheus']
      await inCompose([...profile, 'up', '-d'], { PROMETHEUS_PORT: String(port) })
      const [id] = await containers('prometheus')
      type Target = { readonly health: string; readonly labels: { readonly job: string } }
      await vi.waitFor(
        async () => {
          expect(await inspect(id!, 'State.Health.Status')).toBe('healthy')
          const answer = await fetch(`http://127.0.0.1:${port}/api/v1/targets?state=active`)
          const { data } = (await answer.json()) as { data: { activeTargets: readonly Target[] } }
          const seen = data.activeTargets.map(({ labels, health }) => `${labels.job} ${health}`)
          const shops = (await containers('shop')).map(() => 'shop up')
          expect(seen.sort()).toEqual(['balancer up', ...shops])
        },
        { timeout: 60_000, interval: 500 },
      )
      await inCompose([...profile, 'down', '-v', '-t', '2'])
    },
    120_000,
  )

  it('leaves nothing behind', async () => {
    await inCompose(['down', '-v', '-t', '2'])
    const ours = ['--filter', `label=com.docker.compose.project=${project}`, '-q']
    expect(await inDocker('ps', '-a', ...ours)).toBe('')
    expect(await inDocker('volume', 'ls', ...ours)).toBe('')
    expect(await inDocker('network', 'ls', ...ours)).toBe('')
  }, 60_000)
})

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { readonly port: number }).port))
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}
