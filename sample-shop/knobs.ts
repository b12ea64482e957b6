import { SIZES } from './sizes.ts'

/** One number that decides how much the shop can carry, or how much work a page is. */
type Knob = {
  readonly env: string
  readonly unit: string
  readonly byDefault: number
  readonly from: number
  readonly to: number
  readonly what: string
}

const knob = (env: string, unit: string, byDefault: number, range: readonly [number, number], what: string) =>
  ({ env, unit, byDefault, from: range[0], to: range[1], what }) satisfies Knob

/** Every capacity knob of the shop: nothing that costs time or holds a resource is a number anywhere else. */
export const KNOBS = {
  poolSize: knob(
    'POOL_SIZE',
    'connections',
    10,
    [1, 500],
    'database connections, all opened at the start unless SHOP_POOL_MIN is less',
  ),
  poolMin: knob(
    'SHOP_POOL_MIN',
    'connections',
    500,
    [1, 500],
    'of the pool, opened at the start; the rest when they are needed',
  ),
  poolTimeoutMs: knob(
    'SHOP_POOL_TIMEOUT_MS',
    'ms',
    2000,
    [1, 120_000],
    'longest wait for a connection; then 503',
  ),
  queryTimeoutMs: knob(
    'SHOP_QUERY_TIMEOUT_MS',
    'ms',
    30_000,
    [100, 3_600_000],
    'a statement that takes longer is given up, and its connection with it: the database may be gone without a word',
  ),
  lockTimeoutMs: knob(
    'SHOP_LOCK_TIMEOUT_MS',
    'ms',
    10_000,
    [0, 3_600_000],
    'longest wait for a lock in a transaction, well beyond the patience of shoppers; then 503. 0: no limit',
  ),
  paymentMs: knob(
    'SHOP_PAYMENT_MS',
    'ms',
    20,
    [0, 60_000],
    'the payment provider (60 with hot-row or pool-held)',
  ),
  bestSellerOrders: knob(
    'SHOP_BEST_SELLER_ORDERS',
    'orders',
    1560,
    [1, 1_000_000],
    'latest orders best sellers count',
  ),
  bestSellers: knob('SHOP_BEST_SELLERS', 'products', 28, [1, 100], 'products on the best-sellers page'),
  homeProducts: knob('SHOP_HOME_PRODUCTS', 'products', 46, [1, 100], 'products on the home page'),
  categoryPage: knob('SHOP_CATEGORY_PAGE', 'products', 28, [1, 100], 'products on a page of a category'),
  searchResults: knob('SHOP_SEARCH_RESULTS', 'products', 28, [1, 100], 'products a search shows'),
  reviewsShown: knob('SHOP_REVIEWS_SHOWN', 'reviews', 5, [1, 100], 'reviews on a product page'),
  relatedProducts: knob(
    'SHOP_RELATED_PRODUCTS',
    'products',
    8,
    [0, 50],
    'related products on a product page',
  ),
  renderVariants: knob(
    'SHOP_RENDER_VARIANTS',
    'renderings',
    12,
    [1, 1000],
    'renderings of a page under cpu-heavy',
  ),
  leakEvery: knob(
    'SHOP_LEAK_EVERY',
    'product pages',
    100,
    [1, 1_000_000],
    'under connection-leak one of so many keeps its connection',
  ),
  remoteMs: knob(
    'SHOP_REMOTE_MS',
    'ms',
    60,
    [0, 60_000],
    'the service a product page calls under idle-transaction',
  ),
  blockEvery: knob(
    'SHOP_BLOCK_EVERY',
    'requests',
    50,
    [1, 1_000_000],
    'under blocked-loop one of so many blocks the event loop',
  ),
  blockMs: knob('SHOP_BLOCK_MS', 'ms', 100, [0, 60_000], 'CPU time that request computes'),
  retryAfterMs: knob(
    'SHOP_RETRY_AFTER_MS',
    'ms',
    100,
    [1, 60_000],
    'patience of retry-without-budget with a page being read',
  ),
  retries: knob('SHOP_RETRIES', 'retries', 5, [0, 100], 'of a page under retry-without-budget, at most'),
  bodyLimitBytes: knob(
    'SHOP_BODY_LIMIT_BYTES',
    'bytes',
    16_384,
    [256, 10_000_000],
    'largest body accepted; then 413',
  ),
  keepAliveMs: knob(
    'SHOP_KEEP_ALIVE_MS',
    'ms',
    75_000,
    [0, 600_000],
    'idle client connections stay open this long',
  ),
  shutdownMs: knob(
    'SHOP_SHUTDOWN_MS',
    'ms',
    3000,
    [0, 60_000],
    'longest wait for requests under way at the end',
  ),
  seed: knob('SHOP_SEED', '', 42, [0, 2_000_000_000], 'seed of the generated data'),
  products: knob(
    'SHOP_PRODUCTS',
    'products',
    SIZES.S.products,
    [100, 1_000_000],
    'products to seed (by SHOP_SIZE)',
  ),
  reviews: knob('SHOP_REVIEWS', 'reviews', SIZES.S.reviews, [0, 5_000_000], 'reviews to seed (by SHOP_SIZE)'),
  pastOrders: knob(
    'SHOP_PAST_ORDERS',
    'orders',
    SIZES.S.pastOrders,
    [0, 5_000_000],
    'past orders to seed, 2.5 lines each (by SHOP_SIZE)',
  ),
  doorBusterStock: knob(
    'SHOP_DOOR_BUSTER_STOCK',
    'pieces',
    100_000,
    [0, 1_000_000_000],
    'stock of product 1',
  ),
  reservationForm: knob(
    'SHOP_RESERVATION_FORM',
    '',
    0,
    [0, 1],
    '1: the page of product 1 offers a reservation; 0: only programs know',
  ),
  reservationMs: knob(
    'SHOP_RESERVATION_MS',
    'ms',
    120_000,
    [50, 86_400_000],
    'a reservation keeps its pieces this long',
  ),
  reservationSweepMs: knob(
    'SHOP_RESERVATION_SWEEP_MS',
    'ms',
    1000,
    [10, 3_600_000],
    'time between two sweeps of expired reservations while there are any open',
  ),
  reservationLookMs: knob(
    'SHOP_RESERVATION_LOOK_MS',
    'ms',
    60_000,
    [10, 3_600_000],
    'time between two looks for open reservations of other instances',
  ),
  reservationSweepBatch: knob(
    'SHOP_RESERVATION_SWEEP_BATCH',
    'reservations',
    100,
    [1, 10_000],
    'expired reservations one transaction gives back',
  ),

  // Accounts and the pages around them.
  newProducts: knob('SHOP_NEW_PRODUCTS', 'products', 28, [1, 100], 'products on the page of new ones'),
  reviewsPage: knob('SHOP_REVIEWS_PAGE', 'reviews', 20, [1, 100], 'reviews on a page of all reviews'),
  ordersPage: knob('SHOP_ORDERS_PAGE', 'orders', 20, [1, 100], 'orders on a page of an account’s history'),
  passwordCost: knob(
    'SHOP_PASSWORD_COST',
    '',
    14,
    [4, 20],
    'scrypt N = 2^this (r = 8, p = 1): each step doubles time and memory; 14 takes 16 MB',
  ),
  passwordsAtOnce: knob(
    'SHOP_PASSWORDS_AT_ONCE',
    'hashes',
    32,
    [1, 10_000],
    'passwords being hashed or waiting for it; then 503',
  ),
  signInAttempts: knob(
    'SHOP_SIGN_IN_ATTEMPTS',
    'attempts',
    10,
    [1, 1_000_000],
    'sign-ins tried per email and window; then 429',
  ),
  signInWindowMs: knob(
    'SHOP_SIGN_IN_WINDOW_MS',
    'ms',
    300_000,
    [100, 86_400_000],
    'window in which attempts count, those of the admin’s password, too',
  ),
  adminAttempts: knob(
    'SHOP_ADMIN_ATTEMPTS',
    'attempts',
    10,
    [1, 1_000_000],
    'wrong admin passwords per address, window and instance; then 429',
  ),
  adminAttemptsOverall: knob(
    'SHOP_ADMIN_ATTEMPTS_OVERALL',
    'attempts',
    100,
    [1, 1_000_000],
    'wrong admin passwords of all addresses together; then 429 for everybody',
  ),
  sessionMs: knob(
    'SHOP_SESSION_MS',
    'ms',
    1_209_600_000,
    [100, 31_536_000_000],
    'a sign-in lasts this long (14 days)',
  ),
  expiredSwept: knob(
    'SHOP_EXPIRED_SWEPT',
    'rows',
    20,
    [0, 10_000],
    'expired sessions and attempts each sign-in clears away',
  ),
  reportDays: knob('SHOP_REPORT_DAYS', 'days', 7, [1, 366], 'latest days with sales in the sales report'),

  // What protects the shop. All of it is off until its switch says otherwise.
  cacheTtlMs: knob('SHOP_CACHE_TTL_MS', 'ms', 5000, [1, 3_600_000], 'how old a cached page may get'),
  cacheEntries: knob(
    'SHOP_CACHE_ENTRIES',
    'pages',
    2000,
    [1, 1_000_000],
    'pages in the cache of the process',
  ),
  cacheTimeoutMs: knob(
    'SHOP_CACHE_TIMEOUT_MS',
    'ms',
    100,
    [1, 10_000],
    'longest wait for Redis; then the shop goes on without the cache, and sessions kept there: 503',
  ),
  cachePauseMs: knob(
    'SHOP_CACHE_PAUSE_MS',
    'ms',
    1000,
    [1, 60_000],
    'Redis is not asked this long after it failed',
  ),
  singleFlight: knob('SHOP_SINGLE_FLIGHT', '', 0, [0, 1], '1: a page missing from the cache is found once'),
  cacheLockMs: knob(
    'SHOP_CACHE_LOCK_MS',
    'ms',
    2000,
    [10, 60_000],
    'longest wait for another instance that finds the same page',
  ),
  cachePollMs: knob('SHOP_CACHE_POLL_MS', 'ms', 20, [1, 1000], 'how often that wait looks into Redis'),
  replicaLagMs: knob('SHOP_REPLICA_LAG_MS', 'ms', 1000, [1, 600_000], 'replicas further behind are not read'),
  replicaCheckMs: knob(
    'SHOP_REPLICA_CHECK_MS',
    'ms',
    500,
    [10, 60_000],
    'pause between checks of a replica, and the longest wait for one',
  ),
  ownWritesMs: knob(
    'SHOP_OWN_WRITES_MS',
    'ms',
    3000,
    [0, 600_000],
    'cart and orders come from the primary this long after a write; less than the lag shows stale ones',
  ),
  maxConcurrent: knob('SHOP_MAX_CONCURRENT', 'requests', 0, [0, 10_000], 'requests at a time; 0: no limit'),
  queueLimit: knob('SHOP_QUEUE_LIMIT', 'requests', 100, [0, 100_000], 'requests in line; further ones: 503'),
  queueTimeoutMs: knob('SHOP_QUEUE_TIMEOUT_MS', 'ms', 1000, [1, 120_000], 'longest wait in line; then 503'),
  retryAfterSec: knob('SHOP_RETRY_AFTER_SEC', 's', 2, [1, 3600], 'Retry-After of a 503 that is over soon'),
  waitingRoomAdmitsPerSec: knob(
    'SHOP_WAITING_ROOM_ADMITS_PER_SEC',
    'shoppers',
    0,
    [0, 100_000],
    'shoppers let in a second by each instance; 0: no waiting room',
  ),
  admittedMs: knob(
    'SHOP_ADMITTED_MS',
    'ms',
    600_000,
    [100, 86_400_000],
    'an admitted shopper stays this long',
  ),
  lookAgainSec: knob(
    'SHOP_WAITING_ROOM_LOOK_AGAIN_SEC',
    's',
    15,
    [1, 3600],
    'longest Retry-After of the waiting room',
  ),
  degradePoolWaitMs: knob(
    'SHOP_DEGRADE_POOL_WAIT_MS',
    'ms',
    200,
    [1, 60_000],
    'mean pool wait over a second that degrades',
  ),
  degradeCalmMs: knob(
    'SHOP_DEGRADE_CALM_MS',
    'ms',
    5000,
    [1, 600_000],
    'the wait is below half of that this long, then no more',
  ),
  popularRefreshMs: knob(
    'SHOP_POPULAR_REFRESH_MS',
    'ms',
    60_000,
    [100, 3_600_000],
    'how old the products shown instead may get',
  ),
  paymentFailureRatio: knob(
    'SHOP_PAYMENT_FAILURE_RATIO',
    'ratio',
    0,
    [0, 1],
    'share of calls that the payment provider fails',
  ),
  paymentAttempts: knob('SHOP_PAYMENT_ATTEMPTS', 'attempts', 3, [1, 20], 'most calls for one payment'),
  paymentPauseMs: knob(
    'SHOP_PAYMENT_PAUSE_MS',
    'ms',
    50,
    [0, 10_000],
    'pause before the second call, twice as long before each further one',
  ),
  paymentDeadlineMs: knob(
    'SHOP_PAYMENT_DEADLINE_MS',
    'ms',
    2000,
    [1, 120_000],
    'no payment is called for again after this',
  ),
  retryBudgetRatio: knob('SHOP_RETRY_BUDGET_RATIO', 'ratio', 0.2, [0, 20], 'extra calls for each first call'),
  logErrorsPerSec: knob(
    'SHOP_LOG_ERRORS_PER_SEC',
    'lines',
    5,
    [1, 100_000],
    'failed requests logged a second: a storm of errors is no storm of logs',
  ),
} as const

/** What is one of a few words. */
export const CHOICES = {
  /** Where pages that only read are kept: nowhere, in each process, in Redis. */
  cache: ['SHOP_CACHE', ['none', 'process', 'redis']],
  /** Where sign-ins are kept: in the table `sessions`, or in Redis. */
  sessions: ['SHOP_SESSIONS', ['database', 'redis']],
  /** Best sellers and search show popular products instead: never, always, while requests wait for the pool. */
  degrade: ['SHOP_DEGRADE', ['off', 'on', 'auto']],
  /**
   * How a reservation keeps the door-buster's pieces. `row`: off its one stock row. `units`: one row a piece, so that
   * shoppers do not wait for each other; the seed must run with the same mode. Other products are always `row`.
   */
  reservationMode: ['SHOP_RESERVATION_MODE', ['row', 'units']],
  /** Requests the log names. Of those that failed (5xx), at most SHOP_LOG_ERRORS_PER_SEC. */
  logRequests: ['SHOP_LOG_REQUESTS', ['errors', 'none', 'all']],
} as const
export type Choices = { readonly [Name in keyof typeof CHOICES]: (typeof CHOICES)[Name][1][number] }
