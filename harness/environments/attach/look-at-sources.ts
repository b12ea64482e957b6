import { Redis } from 'ioredis'
import type { AttachSpec, Missing, PrometheusSource, SecretUrl } from '../../core/attached.ts'
import { fetchText } from './fetch-text.ts'
import { openSession } from './session.ts'
import { reasonOf } from './without-secrets.ts'

const REDIS_WITHIN_MS = 3000

/** Looks once at each source beside the database that was named, and tells those that cannot be read, with the reason. */
export async function lookAtSources(spec: AttachSpec): Promise<{
  readonly named: number
  readonly unreadable: readonly Missing[]
}> {
  const { redis, pgbouncer, haproxy, prometheus } = spec
  const looks: Promise<Missing | null>[] = []
  const look = (name: string, cost: string, seen: Promise<void>) => {
    looks.push(
      seen.then(
        () => null,
        (error: unknown) => ({ what: `${name}: ${reasonOf(error, spec)}`, cost }),
      ),
    )
  }
  if (redis) look(`redis env:${redis.name}`, 'its hits and memory cannot be seen', askRedis(redis))
  if (pgbouncer)
    look(
      `pgbouncer env:${pgbouncer.name}`,
      'who waits there for a connection cannot be seen',
      askPooler(pgbouncer),
    )
  if (haproxy !== null)
    look(
      `haproxy ${new URL(haproxy).origin}`,
      'its queue and its servers cannot be seen',
      askBalancer(haproxy),
    )
  for (const source of prometheus)
    look(
      `prometheus ${new URL(source.url).origin}`,
      source.kind === 'query'
        ? `the reading ${source.as} is missing`
        : 'what the app says there of itself cannot be seen',
      source.kind === 'query' ? askServer(source) : askMetrics(source),
    )
  const answers = await Promise.all(looks)
  return { named: looks.length, unreadable: answers.filter((one) => one !== null) }
}

async function askRedis({ url }: SecretUrl): Promise<void> {
  const redis = new Redis(url, {
    connectionName: 'doorbuster',
    connectTimeout: REDIS_WITHIN_MS,
    commandTimeout: REDIS_WITHIN_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    lazyConnect: true,
  })
  // It tells why it does not get in as an event, and to whoever asks only that it is not in.
  let why: Error | null = null
  redis.on('error', (error: Error) => {
    why ??= error
  })
  try {
    await redis.connect()
    await redis.info()
    if (why) throw why
  } catch (error) {
    throw why ?? error
  } finally {
    redis.disconnect()
  }
}

async function askPooler({ url }: SecretUrl): Promise<void> {
  // The console speaks the simple protocol only.
  const session = await openSession(url, 'simple')
  try {
    await session.query('show pools')
  } catch (error) {
    throw new Error(
      `what answers is not PgBouncer's console (database pgbouncer): ${(error as Error).message}`,
    )
  } finally {
    await session.close()
  }
}

async function askBalancer(page: string): Promise<void> {
  const url = new URL(page)
  if (!/;csv(;|$)/.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/$/, '')};csv`
  if (!(await fetchText(url.href)).startsWith('# ')) throw new Error('what answers is no statistics page')
}

/** Metrics that are known by their names; others have to be named. */
const KNOWN = /^shop_/m

async function askMetrics({ url, gauges }: PrometheusSource & { readonly kind: 'endpoint' }): Promise<void> {
  const text = await fetchText(url)
  if (!/^[a-zA-Z_:][\w:]*(\{.*\})?[ \t]+[-+\d.INn]/m.test(text))
    throw new Error(/^\s*</.test(text) ? 'answers HTML, no metrics' : 'answers no metrics')
  const absent = Object.values(gauges).filter(
    (name) => !new RegExp(`^${escaped(name)}[{ \\t]`, 'm').test(text),
  )
  if (absent.length > 0) throw new Error(`there is no metric ${absent.join(', ')}`)
  if (Object.keys(gauges).length === 0 && !KNOWN.test(text))
    throw new Error('none of its metrics is known by name: name them in an environment file (gauges)')
}

async function askServer({ url, query }: PrometheusSource & { readonly kind: 'query' }): Promise<void> {
  const asked = new URL(url)
  asked.pathname = `${asked.pathname.replace(/\/$/, '')}/api/v1/query`
  asked.searchParams.set('query', query)
  const text = await fetchText(asked.href)
  let answer: { readonly status?: unknown; readonly data?: { readonly result?: unknown } }
  try {
    answer = JSON.parse(text) as typeof answer
  } catch {
    throw new Error('what answers is no Prometheus server')
  }
  if (answer?.status !== 'success') throw new Error('what answers is no Prometheus server')
  if (!Array.isArray(answer.data?.result) || answer.data.result.length === 0)
    throw new Error(`"${query}" gives no value`)
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
