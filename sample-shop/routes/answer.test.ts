import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import { expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { openTelemetry } from '../telemetry.ts'
import { page } from '../views/page.ts'
import { pageRoute } from './answer.ts'

/** Renderings one request causes, by what it accepts. */
async function renderings(flaws: string, accept: string): Promise<number> {
  const config = readConfig({
    DATABASE_URL: 'postgres://nowhere/x',
    SHOP_FLAWS: flaws,
    SHOP_RENDER_VARIANTS: '7',
  })
  let rendered = 0
  const counted = page({
    model: (n: number) => ({ n }),
    title: () => 'Five',
    content: ({ n }) => {
      rendered++
      return `n = ${n} < 6`
    },
  })
  const telemetry = openTelemetry()
  const connection = { query: async () => [], begin: async () => {} }
  const database = {
    hold: <T>(_spent: unknown, work: (held: typeof connection) => Promise<T>) => work(connection),
    opened: Promise.resolve(),
    isReady: async () => true,
    close: async () => {},
  }
  const shop = { config, database, replicas: null }
  const server = createServer(
    express().get(
      '/',
      pageRoute(shop, counted, async () => 5),
    ),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const body = await (await fetch(`http://127.0.0.1:${port}/`, { headers: { accept } })).text()
  if (accept === 'text/html') expect(body).toContain('<main id="content">n = 5 &lt; 6</main>')
  else expect(JSON.parse(body)).toEqual({ n: 5, content: 'n = 5 &lt; 6' })
  server.closeAllConnections()
  server.close()
  telemetry.close()
  return rendered
}

test.each(['text/html', 'application/json'])('a page is rendered once as %s', async (accept) => {
  expect(await renderings('', accept)).toBe(1)
})

test.each(['text/html', 'application/json'])('cpu-heavy renders every variant for %s', async (accept) => {
  expect(await renderings('cpu-heavy', accept)).toBe(7)
})
