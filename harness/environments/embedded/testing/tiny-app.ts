import { createServer } from 'node:http'
import { Pool } from 'pg'

/** The smallest app an environment can run: one counter in the database, and a page that burns CPU. */
const { PORT, HOST, DATABASE_URL, SHOP_REPLICA_URLS, POOL_SIZE, INSTANCE, TINY_FIXED_PORT, SHOP_READY_ONLY } =
  process.env
const pool = new Pool({
  connectionString: DATABASE_URL,
  max: Number(POOL_SIZE),
  connectionTimeoutMillis: 2000,
})
pool.on('error', () => {})

const answers: Record<string, () => Promise<unknown>> = {
  '/readyz': async () => {
    if (SHOP_READY_ONLY && SHOP_READY_ONLY !== INSTANCE) throw new Error('not this one')
    return (await pool.query('select 1 as ready')).rows[0]
  },
  '/count': async () => (await pool.query('update counter set n = n + 1 returning n')).rows[0],
  // Connections that nobody gives back.
  '/leak': async () => {
    const taken = await Promise.all(Array.from({ length: Number(POOL_SIZE) }, () => pool.connect()))
    for (const client of taken) client.on('error', () => {})
    return { leaked: taken.length }
  },
  '/environment': async () => ({
    instance: INSTANCE,
    names: Object.keys(process.env).sort(),
    replicas: SHOP_REPLICA_URLS?.split(',') ?? [],
  }),
  '/burn': async () => {
    const until = performance.now() + 200
    while (performance.now() < until);
    return { burnt: true }
  },
}

createServer((request, response) => {
  const answer = answers[request.url ?? ''] ?? (() => Promise.reject(new Error('no such page')))
  answer().then(
    (value) => response.end(JSON.stringify(value)),
    (error: Error) => response.writeHead(500).end(error.message),
  )
}).listen(Number(TINY_FIXED_PORT ?? PORT), HOST, () => console.log(`listening on ${PORT}`))
