import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Product } from '../domain/catalogue.ts'
import { PRODUCT } from './catalogue.ts'
import type { Database } from './database.ts'

const RETRY_MS = 250

/** The most popular products, kept in memory for when the database has better things to do. */
export type PopularProducts = {
  /** None until they were read for the first time. */
  get(): readonly Product[]
  close(): void
}

/** Reads them now and every `popularRefreshMs`, but not while `busy`: those in memory will do. */
export function keepPopularProducts(
  { bestSellers, popularRefreshMs }: Config,
  database: Database,
  busy: () => boolean,
  log: Logger,
): PopularProducts {
  let products: readonly Product[] = []
  let timer: NodeJS.Timeout | null = null
  let closed = false

  async function refresh(): Promise<void> {
    try {
      if (products.length === 0 || !busy()) {
        products = await database.hold({ queueMs: 0, poolMs: 0, dbMs: 0, cacheMs: 0 }, (connection) =>
          connection.query<Product>(
            'popular-products',
            `select ${PRODUCT} from products p order by p.popularity desc, p.id limit $1`,
            [bestSellers],
          ),
        )
      }
    } catch (error) {
      log.debug({ err: error }, 'cannot read the popular products')
    }
    if (closed) return
    timer = setTimeout(() => void refresh(), products.length === 0 ? RETRY_MS : popularRefreshMs)
    timer.unref()
  }
  void refresh()

  return {
    get: () => products,
    close() {
      closed = true
      if (timer) clearTimeout(timer)
    },
  }
}
