import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { closedLoop, throughputByConnections } from './index.ts'

const servers: Server[] = []

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

describe('closedLoop', () => {
  it('asks for every path over the connections it was given, and counts the answers', async () => {
    const seen = new Map<string, number>()
    const sockets = new Set<unknown>()
    const url = await serve((request, response) => {
      seen.set(request.url!, (seen.get(request.url!) ?? 0) + 1)
      sockets.add(request.socket)
      // A little time for each, so that the test does not race the processor.
      setTimeout(() => response.end('{}'), 5)
    })
    const end = await closedLoop({ url, paths: ['/', '/a?b=c'], connections: 3, durationSec: 1 })
    expect(end.errors).toBe(0)
    expect(end.completed).toBeGreaterThan(3)
    expect(end.perSec).toBeGreaterThan(0)
    const total = seen.get('/')! + seen.get('/a?b=c')!
    // One to see whether it answers, and at most one a connection that was cut off at the end.
    expect(total - end.completed).toBeGreaterThanOrEqual(1)
    expect(total - end.completed).toBeLessThanOrEqual(1 + 3)
    expect(sockets.size).toBe(1 + 3)
  })

  it('counts wrong answers as errors, not as throughput', async () => {
    const url = await serve((request, response) => {
      response.statusCode = request.url === '/bad' ? 500 : 200
      setTimeout(() => response.end(), 5)
    })
    const end = await closedLoop({ url, paths: ['/', '/bad'], connections: 2, durationSec: 1 })
    expect(end.errors).toBeGreaterThan(0)
    expect(Math.abs(end.errors - end.completed)).toBeLessThanOrEqual(2)
  })

  it('finds the requests that it lost when the server closed a connection on them', async () => {
    let n = 0
    const url = await serve((request, response) => {
      const i = n++
      setTimeout(() => (i % 10 === 7 ? request.socket.end() : response.end('{}')), 5)
    })
    const end = await closedLoop({ url, paths: ['/'], connections: 2, durationSec: 1 })
    expect(end.completed).toBeGreaterThan(10)
    expect(end.lost).toBeGreaterThan(0)
    // One in ten was closed upon; what was under way at the end may have been among them.
    expect(Math.abs(end.lost - (n - 1) / 10)).toBeLessThanOrEqual(3)
  })

  it('loads nothing but http: certificates would not be verified', async () => {
    await expect(
      closedLoop({ url: 'https://127.0.0.1:1', paths: ['/'], connections: 1, durationSec: 1 }),
    ).rejects.toMatchObject({ code: 'usage' })
  })

  it('refuses a dead port instead of spinning on it', async () => {
    const url = await serve(() => {})
    const [server] = servers.splice(0)
    await new Promise((resolve) => server!.close(resolve))
    await expect(closedLoop({ url, paths: ['/'], connections: 2, durationSec: 5 })).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringContaining('does not answer'),
    })
  })

  it('stops early on a signal', async () => {
    const url = await serve((_, response) => setTimeout(() => response.end(), 5))
    const control = new AbortController()
    const running = closedLoop({
      url,
      paths: ['/'],
      connections: 1,
      durationSec: 600,
      signal: control.signal,
    })
    setTimeout(() => control.abort(), 200)
    expect((await running).errors).toBe(0)
  })

  it('does not load other machines', async () => {
    await expect(
      closedLoop({ url: 'http://192.0.2.1:81', paths: ['/'], connections: 1, durationSec: 1 }),
    ).rejects.toMatchObject({ code: 'refused-target' })
  })
})

describe('throughputByConnections', () => {
  it('grows with the connections until every server of a station is busy', { retry: 2 }, async () => {
    // Two servers that take 20 ms each: X(N) = min(N, 2) / 20 ms.
    const url = await serve(station(2, 20))
    const points = await throughputByConnections({ url, paths: ['/'], durationSec: 0.8 }, [1, 2, 4, 8], 3)
    const [one = 0, two = 0, four = 0, eight = 0] = points.map(({ perSec }) => perSec)
    expect(points.map(({ unsound }) => unsound)).toEqual([null, null, null, null])
    expect(two / one).toBeGreaterThan(1.7)
    expect(two / one).toBeLessThan(2.3)
    expect(four / two).toBeGreaterThan(0.8)
    expect(four / two).toBeLessThan(1.25)
    expect(eight / two).toBeLessThan(1.25)
  })

  it('says of a point that nobody should fit anything to it', async () => {
    const url = await serve((request, response) => {
      response.statusCode = request.url === '/bad' ? 500 : 200
      setTimeout(() => response.end(), 5)
    })
    const [point] = await throughputByConnections({ url, paths: ['/', '/bad'], durationSec: 0.5 }, [2], 1)
    expect(point?.unsound).toMatch(/^\d+ requests failed and 0 were lost beside \d+ that were answered$/)
  })
})

/** A first-come, first-served station. */
function station(servers: number, serviceMs: number): RequestListener {
  let free = servers
  const line: (() => void)[] = []
  const begin = (answer: () => void): void => {
    free--
    setTimeout(() => {
      answer()
      free++
      const next = line.shift()
      if (next) begin(next)
    }, serviceMs)
  }
  return (_, response) => {
    const answer = () => response.end('{}')
    if (free > 0) begin(answer)
    else line.push(answer)
  }
}
