import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'

const url = readFileSync('/tmp/pgdev.url', 'utf8')
const env = { ...process.env, DATABASE_URL: url, PORT: '39117' }
const child = spawn(process.execPath, ['/tmp/shopb/server.mjs'], {
  env,
  stdio: ['ignore', 'ignore', 'inherit'],
})
const ticks = (pid) => {
  try {
    const s = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const f = s.slice(s.lastIndexOf(')') + 2).split(' ')
    return Number(f[11]) + Number(f[12])
  } catch {
    return 0
  }
}
const port = new URL(url).port
const pgPids = () =>
  readdirSync('/proc').filter((p) => {
    if (!/^\d+$/.test(p)) return false
    try {
      const c = readFileSync(`/proc/${p}/cmdline`, 'utf8')
      return c.includes('port=' + port) || c.startsWith('postgres: ')
    } catch {
      return false
    }
  })
// only backends of our postmaster
const root = pgPids().find((p) => readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('port=' + port))
const tree = () =>
  pgPids().filter(
    (p) => p === root || readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1].split(' ')[1] === root,
  )
const pgTicks = () => tree().reduce((a, p) => a + ticks(p), 0)
await sleep(1200)
const base = 'http://127.0.0.1:39117'
const one = async (label, reqs, sec, accept) => {
  const p0 = pgTicks(),
    n0 = ticks(child.pid)
  const r = await autocannon({
    url: base,
    connections: 4,
    duration: sec,
    requests: reqs.map((r) => ({ ...r, headers: { accept, ...(r.headers ?? {}) } })),
  })
  const n = r.requests.total
  const row = {
    label,
    n,
    non2xx: r.non2xx,
    dbMs: ((pgTicks() - p0) * 10) / n,
    nodeMs: ((ticks(child.pid) - n0) * 10) / n,
    bytes: Math.round(r.throughput.total / n),
  }
  return row
}
const zipf = (n) => Math.min(n, Math.floor(Math.exp(Math.random() * Math.log(n + 1))))
let seq = 0
const routes = {
  home: [{ path: '/' }],
  category: [{ setupRequest: (r) => ({ ...r, path: `/categories/${zipf(100)}` }) }],
  product: [{ setupRequest: (r) => ({ ...r, path: `/products/${zipf(10000)}` }) }],
  best: [{ path: '/best-sellers' }],
  search: [
    {
      setupRequest: (r) => ({
        ...r,
        path: `/search?q=${['oak', 'kettle', 'steel%20lamp', 'classic'][seq++ % 4]}`,
      }),
    },
  ],
  cartadd: [
    {
      method: 'POST',
      path: '/cart/items',
      setupRequest: (r) => ({
        ...r,
        headers: { ...r.headers, 'content-type': 'application/json', cookie: `cart=${crypto.randomUUID()}` },
        body: JSON.stringify({ product: zipf(10000), quantity: 1 }),
      }),
    },
  ],
  checkout: [
    {
      method: 'POST',
      path: '/checkout',
      setupRequest: (r) => ({
        ...r,
        headers: { ...r.headers, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
        body: JSON.stringify({
          email: `a${seq++}@example.com`,
          items: [{ product: zipf(10000), quantity: 1 }],
        }),
      }),
    },
  ],
}
const sec = Number(process.argv[2] ?? 2)
const warm = await one('warm', routes.home, 1, 'application/json')
for (const k of ['category', 'product']) await one('warm', routes[k], 0.7, 'application/json')
for (const accept of (process.argv[3] ?? 'json,html')
  .split(',')
  .map((a) => (a === 'json' ? 'application/json' : 'text/html'))) {
  const rows = {}
  for (const [k, reqs] of Object.entries(routes)) rows[k] = await one(k, reqs, sec, accept)
  console.log(accept)
  console.table(
    Object.values(rows).map((r) => ({ ...r, dbMs: r.dbMs.toFixed(3), nodeMs: r.nodeMs.toFixed(3) })),
  )
  const mix = { home: 1, category: 1, product: 1, best: 0.15, search: 0.1, cartadd: 0.12, checkout: 0.12 }
  let db = 0,
    node = 0
  for (const [k, w] of Object.entries(mix)) {
    db += w * rows[k].dbMs
    node += w * rows[k].nodeMs
  }
  console.log(
    `per shopper: db ${db.toFixed(2)} ms, node ${node.toFixed(2)} ms, best sellers ${((100 * 0.15 * rows.best.dbMs) / db).toFixed(0)} % of db`,
  )
}
child.kill()
