import { performance } from 'node:perf_hooks'
import { mean, median, quantile } from 'simple-statistics'
import { Client } from 'undici'
import { startClock } from '../../clock.ts'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import { type Random, sessionRandom } from '../../core/traffic/random.ts'
import { embeddedEnvironment } from '../../environments/embedded/index.ts'
import { SAMPLE_SHOP } from '../../sample-shop-app.ts'
import { type Bench, type Figure, type Row, spread } from '../row.ts'

const SIZES = [
  { size: 'S', products: 10_000 },
  { size: 'M', products: 100_000 },
] as const
const FORMATS = { HTML: 'text/html', JSON: 'application/json' } as const
const MUST_MS = 5
/** Enough for the compiler and for the pages that are asked for most. */
const WARM_UP_REQUESTS = 1000
const REQUESTS_A_ROUND = 300

/** What a product page takes while nobody else is there: real shop, real Postgres, no CPU budget, no balancer. */
export const PRODUCT_PAGE: Row = {
  name: 'a product page of the unloaded shop',
  measure: async (bench) => {
    const figures: Figure[] = []
    for (const { size, products } of SIZES) figures.push(...(await measureSize(bench, size, products)))
    return figures
  },
}

type Visitor = { readonly who: string; readonly cookie: string | null }
type Kind = Visitor & { readonly format: keyof typeof FORMATS; readonly served: Served[] }

/** One page: from before it was asked for until its last byte, and the parts its Server-Timing names; ms. */
type Served = { readonly tookMs: number; readonly partsMs: Readonly<Record<string, number>> }

async function measureSize(bench: Bench, size: string, products: number): Promise<readonly Figure[]> {
  const topology: Topology = {
    ...DEFAULT_TOPOLOGY,
    balancer: { ...DEFAULT_TOPOLOGY.balancer, engine: 'none' },
    app: { ...DEFAULT_TOPOLOGY.app, settings: { size } },
  }
  const signal = new AbortController().signal
  const spec = { topology, app: SAMPLE_SHOP, clock: startClock() }
  const shop = await embeddedEnvironment().up(spec, (text) => bench.say(`size ${size}: ${text}`), signal)
  const client = new Client(shop.url)
  try {
    const visitors: readonly Visitor[] = [
      { who: 'anonymous', cookie: null },
      { who: 'with a cart', cookie: await fillCart(client) },
    ]
    const kinds = visitors.flatMap((visitor) =>
      (['HTML', 'JSON'] as const).map((format): Kind => ({ ...visitor, format, served: [] })),
    )
    const random = sessionRandom(1, 0)
    for (let n = 0; n < WARM_UP_REQUESTS; n++) {
      await askFor(client, kinds[n % kinds.length]!, random.zipf(products))
    }
    const figures: Figure[] = []
    const medians = kinds.map((): number[] => [])
    for (let round = 0; round < bench.rounds; round++) {
      for (const [index, kind] of kinds.entries()) {
        const served = await serveRound(client, kind, products, random)
        kind.served.push(...served)
        medians[index]!.push(median(served.map(({ tookMs }) => tookMs)))
      }
      bench.say(
        `size ${size}, round ${round + 1}: ${medians.map((ms) => ms[round]!.toFixed(2)).join(', ')} ms`,
      )
    }
    for (const [index, { who, format, served }] of kinds.entries()) {
      figures.push({
        what: `product page, size ${size}, ${format}, ${who}, one at a time, median`,
        ...spread(medians[index]!),
        unit: 'ms',
        must: { atMost: MUST_MS },
        beside: besideOf(served),
      })
    }
    return figures
  } finally {
    await client.close()
    await shop.down()
  }
}

async function serveRound(client: Client, kind: Kind, products: number, random: Random): Promise<Served[]> {
  const served: Served[] = []
  for (let n = 0; n < REQUESTS_A_ROUND; n++) served.push(await askFor(client, kind, random.zipf(products)))
  return served
}

async function askFor(client: Client, { cookie, format }: Kind, product: number): Promise<Served> {
  const askedAtMs = performance.now()
  const { statusCode, headers, body } = await client.request({
    path: `/products/${product}`,
    method: 'GET',
    headers: { accept: FORMATS[format], ...(cookie !== null && { cookie }) },
  })
  const text = await body.text()
  const tookMs = performance.now() - askedAtMs
  if (statusCode !== 200) throw new Error(`product ${product} was answered with ${statusCode}: ${text}`)
  const parts = String(headers['server-timing']).matchAll(/(\w+);dur=([\d.]+)/g)
  return { tookMs, partsMs: Object.fromEntries([...parts].map(([, part, ms]) => [part, Number(ms)])) }
}

/** Puts a product into a new cart; gives the cookies of its owner. */
async function fillCart(client: Client): Promise<string> {
  const { statusCode, headers, body } = await client.request({
    path: '/cart/items',
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ product: 1, quantity: 1 }),
  })
  const text = await body.text()
  if (statusCode !== 201) throw new Error(`the cart was answered with ${statusCode}: ${text}`)
  return [headers['set-cookie'] ?? []]
    .flat()
    .map((line) => line.replace(/;.*/, ''))
    .join('; ')
}

function besideOf(served: readonly Served[]): Readonly<Record<string, number>> {
  const part = (name: string) => mean(served.map(({ partsMs }) => partsMs[name] ?? Number.NaN))
  return {
    'p95, ms': quantile(
      served.map(({ tookMs }) => tookMs),
      0.95,
    ),
    'Server-Timing, means: pool': part('pool'),
    db: part('db'),
    app: part('app'),
  }
}
