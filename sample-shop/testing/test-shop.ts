import { once } from 'node:events'
import { createServer } from 'node:http'
import pg from 'pg'
import { type Logger, pino } from 'pino'
import { buildApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { seedStatements } from '../data/seed-statements.ts'
import { openShop } from '../open-shop.ts'

export type Settings = Readonly<Record<string, string>>

/** Little data, and payments and passwords that do not keep a test waiting. */
const SMALL: Settings = {
  SHOP_PRODUCTS: '1000',
  SHOP_REVIEWS: '5000',
  SHOP_PAST_ORDERS: '1500',
  SHOP_BEST_SELLER_ORDERS: '500',
  SHOP_PAYMENT_MS: '1',
  SHOP_PASSWORD_COST: '6',
}

/** The shop within the test's own process, over a real database and real HTTP. */
export type TestShop = {
  readonly url: string
  /** GET (or POST, with a body) that asks for JSON. */
  json(path: string, init?: RequestInit): Promise<Answer>
  checkout(body: unknown, key: string): Promise<Answer>
  /** Value of a metric without labels. */
  metric(name: string): Promise<number>
  close(): Promise<void>
}

export type Answer = {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers whose shape they are there to check.
  readonly body: any
}

/** Starts a shop on a seeded database and waits until it is ready. */
export async function startTestShop(
  databaseUrl: string,
  settings: Settings = {},
  log: Logger = pino({ level: 'silent' }),
): Promise<TestShop> {
  const config = readConfig({ ...SMALL, ...settings, DATABASE_URL: databaseUrl })
  const shop = openShop(config, log)
  const server = createServer(buildApp(shop)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  while (!(await fetch(`${url}/readyz`)).ok) await new Promise(setImmediate)
  // The sweeper's first look must not be among the statements that a test counts.
  const looked = async () => /"reservation-look"/.test(await (await fetch(`${url}/metrics`)).text())
  while (!(await looked())) await new Promise(setImmediate)

  const json = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const headers = { accept: 'application/json', 'content-type': 'application/json', ...init.headers }
    const response = await fetch(url + path, { ...init, headers, redirect: 'manual' })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  return {
    url,
    json,
    checkout: (body, key) =>
      json('/checkout', {
        method: 'POST',
        body: JSON.stringify(body),
        headers: key === '' ? {} : { 'idempotency-key': key },
      }),
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`)).text()
      const value = new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]
      if (value === undefined) throw new Error(`no metric ${name}`)
      return Number(value)
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await shop.close()
    },
  }
}

/** Seeds a small shop. */
export async function seedTestShop(databaseUrl: string, settings: Settings = {}): Promise<void> {
  const config = readConfig({ ...SMALL, ...settings, DATABASE_URL: databaseUrl })
  for (const statement of seedStatements(config)) await ask(databaseUrl, statement)
}

/** Rows of one statement, over a connection of its own. */
export async function ask(databaseUrl: string, sql: string, values: readonly unknown[] = []) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql, [...values])
    return rows
  } finally {
    await client.end()
  }
}

/** The plan Postgres chooses, as indented text. */
export async function explain(databaseUrl: string, sql: string, values: readonly unknown[]): Promise<string> {
  const rows = await ask(databaseUrl, `explain (analyze, timing off) ${sql}`, values)
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

/** Asks again and again until the answer is yes; the test's own time limit is the limit. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}
