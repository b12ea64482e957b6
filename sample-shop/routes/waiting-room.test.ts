import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import express from 'express'
import { afterEach, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { openTelemetry } from '../telemetry.ts'
import type { Settings } from '../testing/test-shop.ts'
import { waitingRoom } from './waiting-room.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A room that lets in one shopper a second, before a shop that is nothing but "in". */
async function openRoom(settings: Settings = {}) {
  const config = readConfig({
    DATABASE_URL: 'postgres://nowhere/x',
    SHOP_WAITING_ROOM_ADMITS_PER_SEC: '1',
    ...settings,
  })
  const telemetry = openTelemetry()
  telemetry.close()
  const app = express()
  app.use(waitingRoom({ config, telemetry }))
  app.use((_request, response) => void response.json('in'))
  const server = createServer(app).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return { url: `http://127.0.0.1:${port}`, metrics: () => telemetry.registry.metrics() }
}

/** Somebody who keeps cookies. */
function shopper(url: string, accept = 'application/json') {
  const jar = new Map<string, string>()
  return {
    jar,
    async ask(path = '/', method = 'GET') {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(url + path, { method, headers: { accept, cookie } })
      for (const set of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!
        if (value) jar.set(name!, value)
        else jar.delete(name!)
      }
      const room = response.headers.get('x-waiting-room')
      const position = room === null ? null : Number(room)
      return { status: response.status, headers: response.headers, position, text: await response.text() }
    },
  }
}

test('the first comes in, the others stand in line in the order they came, and keep their place', async () => {
  const { url, metrics } = await openRoom({ SHOP_WAITING_ROOM_LOOK_AGAIN_SEC: '2' })
  const people = [1, 2, 3, 4, 5].map(() => shopper(url))
  const places: (number | null)[] = []
  for (const { ask } of people) places.push((await ask()).position)
  expect(places[0]).toBeNull()
  // Who came later stands further back, however long this took.
  for (let i = 2; i < 5; i++) expect(places[i]!).toBeGreaterThanOrEqual(places[i - 1] ?? 0)
  const last = await people[4]!.ask()
  expect(last.status).toBe(503)
  expect(last.position).toBeLessThanOrEqual(places[4]!)
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(Number(last.headers.get('retry-after'))).toBeLessThanOrEqual(2)
  expect(JSON.parse(last.text)).toEqual({
    error: { code: 'waiting-room', message: expect.stringContaining(`number ${last.position}`) },
    position: last.position,
    lookAgainSec: expect.any(Number),
  })
  expect(await metrics()).toMatch(/^shop_waiting_room_answers_total [4-5]$/m)
})

test('a second ticket does not overtake the first', async () => {
  const { url } = await openRoom()
  const patient = shopper(url)
  const cunning = shopper(url)
  await shopper(url).ask()
  await patient.ask()
  await cunning.ask()
  cunning.jar.clear()
  await shopper(url).ask()
  const again = (await cunning.ask()).position!
  expect(again).toBeGreaterThan((await patient.ask()).position ?? 0)
  while ((await patient.ask()).position !== null) await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await cunning.ask()).position).not.toBeNull()
})

test('who is in stays in for as long as said, at every instance, and not with the same ticket again', async () => {
  const { url } = await openRoom({ SHOP_ADMITTED_MS: '1500' })
  const other = await openRoom()
  await shopper(other.url).ask()
  const guest = shopper(url)
  expect((await guest.ask()).text).toBe('"in"')
  const elsewhere = shopper(other.url)
  elsewhere.jar.set('admitted', guest.jar.get('admitted')!)
  expect((await elsewhere.ask()).position).toBeNull()
  // Two who wait: when the first stay is over, the one who was in has to stand in line behind them.
  const crowd = Array.from({ length: 4 }, () => shopper(url))
  for (const { ask } of crowd) await ask()
  while ((await guest.ask()).position === null) await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await guest.ask()).position).not.toBeNull()
})

test.each([
  ['a number made up', () => 'ticket-app-1=someone.1.AAAA'],
  ['a ticket without a signature', () => 'ticket-app-1=1'],
  ['a pass made up', () => `admitted=${Date.now() + 1e6}.AAAA`],
  ['a pass with no end', () => 'admitted=Infinity.'],
  ['cookies that are none', () => ';;;=;admitted;ticket-app-1==.;'],
  ['a very long one', () => `admitted=${'9'.repeat(5000)}.x`],
])('%s lets nobody in', async (_what, cookie) => {
  const { url } = await openRoom()
  await shopper(url).ask()
  const response = await fetch(url, { headers: { accept: 'application/json', cookie: cookie() } })
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('x-waiting-room'))).toBeGreaterThanOrEqual(1)
})

test('a ticket signed as another, or with another secret, is none', async () => {
  const { url } = await openRoom()
  const strangers = await openRoom({ SHOP_SECRET: 'another secret than ours' })
  await shopper(url).ask()
  await shopper(strangers.url).ask()
  const waiting = shopper(url)
  const first = (await waiting.ask()).position!
  const [name, ticket] = [...waiting.jar][0]!
  const thief = shopper(url)
  thief.jar.set(
    name,
    ticket.replace(/\.(\d+)\./, (_, number) => `.${Number(number) - 1}.`),
  )
  expect((await thief.ask()).position).toBeGreaterThanOrEqual(first)
  const stranger = shopper(strangers.url)
  await stranger.ask()
  const carried = shopper(url)
  carried.jar.set('admitted', stranger.jar.get(name)!)
  expect((await carried.ask()).position).not.toBeNull()
})

test('the page says the number and looks again by itself; after a form it looks at the shop’s front', async () => {
  const { url } = await openRoom()
  await shopper(url).ask()
  const browser = shopper(url, 'text/html')
  const { status, headers, text, position } = await browser.ask('/products/1')
  expect(status).toBe(503)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(text).toContain(`<h1>You are number ${position} in line</h1>`)
  expect(text).toContain(`<meta http-equiv="refresh" content="${headers.get('retry-after')}"`)
  expect(text).not.toMatch(/\{position\}|\{refresh\}|undefined/)
  expect((await browser.ask('/checkout', 'POST')).text).toMatch(/content="\d+; url=\/"/)
})
