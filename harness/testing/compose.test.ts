import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DEFAULT_TOPOLOGY } from '../core/topology.ts'
import { requires, skipFor } from './requires.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const FILE = join(ROOT, 'docker-compose.yml')
const BALANCER_CONFIG = join(ROOT, 'sample-shop/docker/haproxy.cfg')

const text = readFileSync(FILE, 'utf8')
const images = [...new Set([...text.matchAll(/^ *image: (\S+)/gm)].map(([, image]) => image!))]

const CPU_BY_SERVICE = {
  database: DEFAULT_TOPOLOGY.database.cpu,
  shop: DEFAULT_TOPOLOGY.app.cpu,
  balancer: DEFAULT_TOPOLOGY.balancer.cpu,
}

describe('docker-compose.yml', () => {
  it('fixes the version of every image, and needs no other', () => {
    expect(images).toHaveLength(3)
    for (const image of images) expect(image).toMatch(/^(postgres|haproxy|node):\d+/)
  })

  it('publishes one port, on loopback', () => {
    const ports = [...text.matchAll(/^ *ports: \["(.*)"\]$/gm)].map(([, port]) => port)
    expect(text.match(/^ *(ports|expose|network_mode):/gm)).toHaveLength(1)
    expect(ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)])
  })

  it.each(Object.entries(CPU_BY_SERVICE))('gives %s the CPU of the default topology', (service, cpu) => {
    const block = text.match(new RegExp(`^  ${service}:\\n((?: {4}.*\\n|\\n)+)`, 'm'))?.[1]
    expect(block).toMatch(new RegExp(`limits: \\{ cpus: "${cpu}" \\}`))
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

const docker = requires('docker')
const compose = docker.skip ? null : findCompose()
const { skip } = docker.skip ? docker : missing()

/** The plugin of today, or the program of its own that older distributions ship; `null`: neither. */
function findCompose(): readonly [string, ...string[]] | null {
  const answers = (program: string, ...args: string[]) =>
    spawnSync(program, [...args, 'version'], { stdio: 'ignore' }).status === 0
  if (answers(docker.path, 'compose')) return [docker.path, 'compose']
  return answers('docker-compose') ? ['docker-compose'] : null
}

/** A test pulls no images: what is not here is named. */
function missing(): { readonly skip: boolean } {
  if (compose === null) return skipFor('docker', 'Docker Compose is missing (install docker-compose)')
  const absent = images.filter(
    (image) => spawnSync(docker.path, ['image', 'inspect', image], { stdio: 'ignore' }).status !== 0,
  )
  if (absent.length === 0) return { skip: false }
  return skipFor('docker', `images are missing (docker pull ${absent.join(' ')})`)
}

describe.skipIf(skip)('docker compose up', () => {
  const project = `doorbuster-test-${process.pid}`
  let url: string

  async function inDocker(...args: readonly string[]): Promise<string> {
    return (await run(docker.path, [...args])).stdout.trim()
  }

  async function inCompose(...args: readonly string[]): Promise<void> {
    const [program, ...before] = compose!
    const env = { ...process.env, COMPOSE_PROJECT_NAME: project, SHOP_PORT: new URL(url).port }
    await run(program, [...before, '-f', FILE, ...args], { cwd: ROOT, env })
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
    await inCompose('up', '-d')
    await vi.waitFor(async () => expect((await fetch(url)).status).toBe(200), {
      timeout: 30_000,
      interval: 200,
    })
  }, 240_000)

  afterAll(() => inCompose('down', '-v', '-t', '2'), 60_000)

  it('budgets every container, and opens nothing but the balancer, on loopback', async () => {
    for (const [service, cpu] of Object.entries(CPU_BY_SERVICE)) {
      const ids = await containers(service)
      expect(ids, service).toHaveLength(service === 'shop' ? 2 : 1)
      for (const id of ids) {
        expect(await inspect(id, 'HostConfig.NanoCpus'), service).toBe(cpu * 1e9)
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
    await inCompose('up', '-d', '--scale', 'shop=3')
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

  it('leaves nothing behind', async () => {
    await inCompose('down', '-v', '-t', '2')
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
