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
} as const

export type Flaw = keyof typeof FLAWS
export type Flaws = ReadonlySet<Flaw>
