/**
 * Mistakes shops really make, planted so that a rehearsal has something true to find. All are off by default;
 * SHOP_FLAWS switches them on by id. Each is one `if` where it acts: search for `flaws.has('<id>')`.
 */
export const FLAWS = {
  'missing-index':
    'reviews have no index on product_id: every product page reads all reviews (acts when seeding)',
  'hot-row': 'checkout locks the stock rows first and keeps them locked during the payment call',
  'pool-held': 'checkout keeps its pool connection, outside any transaction, during the payment call',
  'cpu-heavy': 'every page is rendered once for each of SHOP_RENDER_VARIANTS variants, and one is sent',
  'scan-search':
    'search looks for the text anywhere in name and description: every search reads all products',
  'n-plus-one': 'the cart and the order page ask for the product of each line in a statement of its own',
  'offset-paging':
    'category pages sort the whole category in an order no index has, and rate live every product up to their last',
  'connection-leak':
    'of every SHOP_LEAK_EVERY product pages one never gives its connection back, until the shop is restarted',
  'idle-transaction':
    'product pages stay in their transaction, on their connection, during a call of SHOP_REMOTE_MS to another service',
  'blocked-loop':
    'one in SHOP_BLOCK_EVERY requests computes for SHOP_BLOCK_MS on the event loop: all others wait that long',
  'commit-per-line':
    'checkout (but of reservations and of what is sold by the unit) commits statement by statement; killed in between it leaves pieces taken without an order, or an order without lines',
  'hot-updates':
    'each product page adds one to an indexed column of its product, which autovacuum never cleans (acts when seeding, too)',
  'retry-without-budget':
    'a page that failed, or is not read after SHOP_RETRY_AFTER_MS, is read again at once, up to SHOP_RETRIES times, side by side',
  'cache-stampede':
    'with SHOP_CACHE: all kept pages expire at the same instants, the multiples of SHOP_CACHE_TTL_MS; whoever comes before a page is kept again asks the database for it (SHOP_SINGLE_FLIGHT=1 lets only the first)',
  'stale-replica-reads':
    'with SHOP_REPLICA_URLS: replicas are read however far they are behind, and by those who wrote just now, who miss it: the cart is empty after "add", the order just placed is not found',
} as const

export type Flaw = keyof typeof FLAWS
export type Flaws = ReadonlySet<Flaw>
