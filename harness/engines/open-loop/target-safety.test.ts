import { once } from 'node:events'
import { createServer as createHttp } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { startClock } from '../../clock.ts'
import type { HarnessError } from '../../core/errors.ts'
import { type Resolve, targetGuard } from '../target-guard.ts'
import { Attempt, type AttemptEnd } from './attempt.ts'
import { Browser } from './browser.ts'
import { getSpec } from './click-spec.ts'
import { Gate } from './gate.ts'
import { http1Transport } from './http1/http1-transport.ts'
import { Samples } from './samples.ts'
import { timerScheduler } from './timer-scheduler.ts'
import { undiciTransport } from './undici-transport.ts'

/** An address of this machine that is not loopback: whoever gets through really connects. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A server on every address that counts who connects. */
async function trap() {
  const seen = { connections: 0 }
  const server = createServer((socket) => {
    seen.connections++
    socket.destroy()
  })
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  closing.push(() => server.close())
  return { seen, port: (server.address() as AddressInfo).port }
}

type Client = 'own' | 'undici'

async function ask(
  client: Client,
  url: string,
  resolve?: Resolve,
  ownedHosts: readonly string[] = [],
  path = '/',
) {
  const scheduler = timerScheduler(startClock())
  const refusals: HarnessError[] = []
  const guard = targetGuard(ownedHosts, resolve)
  const refused = (error: HarnessError) => refusals.push(error)
  const transport =
    client === 'own' ? http1Transport(url, guard, scheduler, refused) : undiciTransport(url, guard, refused)
  closing.push(() => transport.close())
  const desk = {
    scheduler,
    transport,
    gate: new Gate({ maxRequests: 100, posts: true, usedUp: () => {}, refused: () => {} }),
    samples: new Samples(),
    timeoutUs: 2_000_000,
    origin: new URL(url).origin,
    redirects: 10,
  }
  const end = await new Promise<AttemptEnd>((ended) => {
    new Attempt(desk, new Browser(transport), getSpec(path, undefined), ended).start()
  })
  return { end, refusals }
}

describe.skipIf(outside === undefined).each<Client>(['own', 'undici'])(
  'no connection is opened to a host that is not allowed (client: %s)',
  (client) => {
    it('by its address, nor by the address mapped into IPv6', async () => {
      const { seen, port } = await trap()
      const [a, b, c, d] = outside!.split('.').map(Number) as [number, number, number, number]
      const spellings = [
        outside!,
        `${outside}.`,
        String(((a * 256 + b) * 256 + c) * 256 + d),
        `0x${a.toString(16)}.${b}.${c}.${d}`,
        `0${a.toString(8)}.${b}.${c}.${d}`,
        `127.0.0.1@${outside}`,
        `[::ffff:${outside}]`,
        `[::ffff:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}]`,
        // Every address of this machine at once.
        '0.0.0.0',
        '[::]',
      ]
      for (const host of spellings) {
        const { end, refusals } = await ask(client, `http://${host}:${port}`)
        expect(end.page).toBeNull()
        expect(refusals[0]).toMatchObject({ code: 'refused-target' })
      }
      expect(seen.connections).toBe(0)
    })

    it('by a name, and the refusal says which flag would allow it', async () => {
      const { seen, port } = await trap()
      const resolve: Resolve = (_, __, found) => found(null, [{ address: outside!, family: 4 }])
      const { refusals } = await ask(client, `http://shop.example:${port}`, resolve)
      expect(refusals[0]!.hint).toContain('--i-own-this-target shop.example')
      expect(seen.connections).toBe(0)
      // Who says that the host is theirs gets through.
      expect((await ask(client, `http://shop.example:${port}`, resolve, ['shop.example'])).refusals).toEqual(
        [],
      )
      expect(seen.connections).toBe(1)
    })

    it('by a name one of whose addresses is another machine', async () => {
      const { seen, port } = await trap()
      const resolve: Resolve = (_, __, found) =>
        found(null, [
          { address: '127.0.0.1', family: 4 },
          { address: outside!, family: 4 },
        ])
      expect((await ask(client, `http://shop.example:${port}`, resolve)).refusals).toHaveLength(1)
      expect(seen.connections).toBe(0)
    })

    it('by a name that answers differently the second time', async () => {
      const { seen, port } = await trap()
      let asked = 0
      const resolve: Resolve = (_, __, found) =>
        found(null, [{ address: asked++ === 0 ? '127.0.0.1' : outside!, family: 4 }])
      await ask(client, `http://shop.example:${port}`, resolve)
      expect([asked, seen.connections]).toEqual([1, 1])
      const rebound = await ask(client, `http://shop.example:${port}`, resolve)
      expect(rebound.refusals).toHaveLength(1)
      expect(seen.connections).toBe(1)
    })

    it('by a redirect', async () => {
      const { seen, port } = await trap()
      const server = createHttp((_, response) => {
        response.writeHead(302, { location: `http://${outside}:${port}/` }).end()
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      closing.push(() => server.close())
      const { end } = await ask(client, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      expect(end.page?.status).toBe(302)
      expect(seen.connections).toBe(0)
    })

    it('by a redirect to another port of the same host', async () => {
      const { seen, port } = await trap()
      const server = createHttp((_, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end()
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      closing.push(() => server.close())
      await ask(client, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      expect(seen.connections).toBe(0)
    })

    it('by a path that looks like a host', async () => {
      const { seen, port } = await trap()
      const urls: (string | undefined)[] = []
      const server = createHttp((request, response) => {
        urls.push(request.url)
        response.end()
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      closing.push(() => server.close())
      const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const paths = [`//${outside}:${port}/x`, `/@${outside}:${port}/`, `/\\${outside}:${port}/`]
      for (const path of paths) await ask(client, site, undefined, [], path)
      expect(urls).toHaveLength(paths.length)
      expect(seen.connections).toBe(0)
    })
  },
)
