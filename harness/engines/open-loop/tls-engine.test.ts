import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { startClock } from '../../clock.ts'
import { DEFAULT_HTTP, type HttpPlan, type LoadPlan } from '../../core/plan.ts'
import { requires } from '../../testing/requires.ts'
import { openLoopEngine } from './index.ts'
import type { Slot } from './tally.ts'
import { type Certificate, newAuthority } from './testing/certificates.ts'
import { countOf, planOf, scenarioOf } from './testing/stub-drive.ts'

const openssl = requires('openssl')
const folder = mkdtempSync(join(tmpdir(), 'doorbuster-tls-engine-'))
const authority = openssl.skip ? null : newAuthority(openssl.path, folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TWO_CLICKS = `export default {
  name: 'two-clicks', question: 'Do they come through TLS?',
  traffic: { kind: 'constant', normal: '40/s', peak: '1x', lasts: '60s' },
  shoppers: [{ name: 'both', weight: 1, thinkTime: '10ms', steps: async (shopper) => {
    await shopper.get('/')
    await shopper.get('/moved')
  } }],
  slo: { all: { p95: '< 300ms' } },
}`
const scenarioPath = join(folder, 'two-clicks.mjs')
writeFileSync(scenarioPath, TWO_CLICKS)

const servers: Server[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) server.close()
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A shop behind TLS, whose /moved points to the same host without it. */
async function shop(certificate: Certificate) {
  const seen = { handshakes: 0, paths: [] as string[], plain: 0 }
  const plainPort = await listen(
    createHttpServer((_request, response) => {
      seen.plain++
      response.end('plain')
    }),
  )
  const server = createServer(certificate, (request, response) => {
    seen.paths.push(request.url ?? '')
    if (request.url === '/moved') response.writeHead(302, { location: `http://localhost:${plainPort}/` })
    response.end()
  })
  server.on('secureConnection', () => seen.handshakes++)
  return { url: `https://localhost:${await listen(server)}`, seen }
}

/** Ten shoppers within a second, through an engine's process that is started for this. */
async function drive(url: string, http: Partial<HttpPlan>) {
  const scenario = scenarioOf([{ name: 'both', weight: 1, steps: async () => {} }], [10, 10])
  const plan: LoadPlan = {
    ...planOf(scenario, 10, 1, {
      arrivals: { kind: 'even' },
      ending: 'finish',
      http: { ...DEFAULT_HTTP, ...http },
    }),
    scenarioPath,
    scenarioHash: createHash('sha256').update(TWO_CLICKS).digest('hex'),
  }
  const engine = openLoopEngine()
  const slots: Slot[] = []
  try {
    await engine.open(scenarioPath, 'run-1', startClock())
    const sink = {
      slot: (slot: Slot) => slots.push(slot),
      sendLag: () => {},
      series: () => {},
      order: () => {},
      unknownOrder: () => {},
    }
    const end = await engine.drive(plan, url, sink, () => {}, new AbortController().signal)
    return { end, count: (match: Partial<Slot>) => countOf(slots, { of: 'click', ...match }) }
  } finally {
    await engine.close()
  }
}

describe.skipIf(openssl.skip)('the engine behind TLS', () => {
  it('trusts the authorities that NODE_EXTRA_CA_CERTS names, and leaves TLS for no redirect', async () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', authority!.path)
    const { url, seen } = await shop(authority!.issue(['DNS:localhost']))
    const { count } = await drive(url, { connections: 'per-shopper' })
    expect(count({ outcome: 'ok' })).toBe(20)
    expect(seen.paths.filter((path) => path === '/moved')).toHaveLength(10)
    expect(seen.handshakes).toBe(10)
    expect(seen.plain).toBe(0)
  })

  it('trusts nobody else, and sends nothing then', async () => {
    const { url, seen } = await shop(authority!.issue(['DNS:localhost']))
    const { count, end } = await drive(url, {})
    expect(count({ outcome: 'tls' })).toBe(end.sessionsStarted)
    expect(seen.paths).toEqual([])
  })

  it.each(['own', 'undici'] as const)(
    'takes any certificate when the scenario says so: %s client',
    async (client) => {
      const { url } = await shop(authority!.selfSigned(['DNS:elsewhere.example']))
      const { count } = await drive(url, { certificates: 'any', client })
      expect(count({ outcome: 'ok' })).toBe(20)
    },
  )
})
