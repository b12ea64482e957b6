import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { haproxyReader } from './haproxy-reader.ts'

/** The real HAProxy is read in the tests of the embedded environment; here, what it seldom says. */
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const HEAD = '# pxname,svname,qcur,scur,stot,econ,eresp,status,req_tot,hrsp_5xx,'
const TABLE = [
  HEAD,
  'shoppers,FRONTEND,,4,9,,,OPEN,120,5,',
  'shop,app-1,0,2,60,1,2,UP,,3,',
  'shop,app-2,0,1,50,0,0,DRAIN,,0,',
  'shop,app-3,0,0,0,0,0,MAINT,,0,',
  'shop,app-4,0,1,7,0,0,MAINT,,0,',
  'shop,BACKEND,6,10,110,1,2,UP,,5,',
  '',
].join('\n')

async function fakeHaproxy(table: () => string) {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-reader-'))
  const path = join(folder, 'haproxy.sock')
  const listeners = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', (command) => {
        if (`${command}` === 'show events requests -w -n\n') listeners.add(socket)
        else socket.end(`${command}` === 'show stat\n' ? table() : 'Unknown command')
      })
  })
  server.listen(path)
  await once(server, 'listening')
  const reader = haproxyReader(path, 'requests')
  cleanups.push(() => {
    for (const socket of listeners) socket.destroy()
    server.close()
    rmSync(folder, { recursive: true })
  })
  cleanups.push(() => reader.close())
  return { reader, listeners }
}

it('adds up what HAProxy counts and what it tells of single requests', async () => {
  const { reader, listeners } = await fakeHaproxy(() => TABLE)
  expect(await reader.read()).toMatchObject({ responses: 0, serviceMsSum: 0 })
  while (listeners.size === 0) await delay(5)
  const [socket] = listeners
  socket!.write('app-1 200 5 25 --\nServer shop/app-3 is going DOWN for maintenance.\napp-1 50')
  await delay(20)
  socket!.write(
    '0 0 10 --\n<NOSRV> 503 2000 2000 sQ\napp-1 101 0 90000 --\napp-1 -1 0 3000 CH\napp-2 -1 -1 -1 SC\n\n',
  )
  let counts = await reader.read()
  while (counts?.responses !== 3) counts = await reader.read()
  expect(counts).toMatchObject({
    inFlight: 4,
    queued: 6,
    requests: 120,
    errors: 5,
    serviceMsSum: 2035,
    upstreamMsSum: 30,
  })
  expect(counts.servers.map(({ name }) => name)).toEqual(['app-1', 'app-2', 'app-4'])
  const [first] = counts.servers
  expect(first).toMatchObject({ inFlight: 2, requests: 60, errors: 6, responses: 2, responseMsSum: 30 })
  expect(first!.responseTimes.filter((_, i) => i % 2 === 1)).toEqual([1, 1])
})

it('reads nothing from what is no table or not there, and listens again after a restart', async () => {
  let table = 'Permission denied\n'
  const { reader, listeners } = await fakeHaproxy(() => table)
  expect(await reader.read()).toBeNull()
  table = `${HEAD}\n`
  expect(await reader.read()).toBeNull()
  table = TABLE
  while (listeners.size === 0) await delay(5)
  for (const socket of listeners) socket.destroy()
  listeners.clear()
  while (listeners.size === 0) {
    expect(await reader.read()).not.toBeNull()
    await delay(5)
  }
  const gone = haproxyReader('/nonexistent/haproxy.sock', 'requests')
  expect(await gone.read()).toBeNull()
  await gone.close()
})
