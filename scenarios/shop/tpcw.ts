import { type JourneySpec, journey, range, type Shopper } from 'doorbuster'

/**
 * How often TPC-W's shoppers see each page, in percent: what its transition matrices for the browsing, shopping and
 * ordering mix settle at. Four kinds of page are left out: the search form, which stands on every page of the sample shop;
 * registration, whose share weighs that one's up; the question for an order, which the shop has not; and the
 * administrator's, behind a password. What is left keeps the benchmark's character: 96, 80 and 49 % of the pages are for
 * looking around (its own definition: 95, 80, 50).
 */
const MIXES = {
  browsing: {
    home: 29,
    newProducts: 11,
    bestSellers: 11,
    product: 21.01,
    searchResults: 11,
    cart: 2,
    buyRequest: 0.75,
    buyConfirm: 0.69,
    order: 0.25,
  },
  shopping: {
    home: 16.2,
    newProducts: 5.06,
    bestSellers: 5.06,
    product: 17.14,
    searchResults: 17.1,
    cart: 11.15,
    buyRequest: 2.5,
    buyConfirm: 1.15,
    order: 0.67,
  },
  ordering: {
    home: 9.12,
    newProducts: 0.46,
    bestSellers: 0.46,
    product: 12.35,
    searchResults: 13.08,
    cart: 13.53,
    buyRequest: 12.73,
    buyConfirm: 10.18,
    order: 0.22,
  },
} as const satisfies Record<string, Readonly<Record<string, number>>>

type PageName = keyof (typeof MIXES)['browsing']

/** TPC-W: sessions of 15 minutes on average, 60 at most, and 7 s between pages. In pages: */
const MEAN_PAGES = (15 * 60) / 7
const MOST_PAGES = (60 * 60) / 7
/** More lines the shop does not sell at once; TPC-W's shoppers then change quantities. */
const MOST_LINES = 10

const WORDS = ['lamp', 'kettle', 'tent', 'pillow', 'suitcase', 'skillet', 'scooter', 'backpack']

/** What the journey draws from; the orders are those of the past that the shop begins with. */
export const tpcwData = { product: range(1, 10_000), order: range(1, 40_000) }

/** One of TPC-W's shoppers. The next page depends on the mix alone, not on the page before. */
export function tpcw(mix: keyof typeof MIXES): JourneySpec {
  const shares = Object.entries(MIXES[mix]) as [PageName, number][]
  return journey(`TPC-W ${mix}`, { weight: 1, thinkTime: 'exponential(7s)' }, async (shopper) => {
    const visit: Visit = { inCart: [], lastOrder: null }
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      await PAGES[drawn(shares, shopper)](shopper, visit)
      if (shopper.chance(1 / MEAN_PAGES)) return
    }
  })
}

/** One of the names, each as often as its share says. */
function drawn(shares: readonly (readonly [PageName, number])[], shopper: Shopper): PageName {
  let left = shares.reduce((sum, [, share]) => sum + share, 0)
  for (const [name, share] of shares) {
    if (shopper.chance(share / left)) return name
    left -= share
  }
  return shares[0]![0]
}

type Visit = { inCart: number[]; lastOrder: number | null }

const PAGES: Readonly<Record<PageName, (shopper: Shopper, visit: Visit) => Promise<unknown>>> = {
  home: (shopper) => shopper.get('/'),
  newProducts: (shopper) => shopper.get('/new'),
  bestSellers: (shopper) => shopper.get('/best-sellers'),
  product: (shopper) => shopper.get('/products/:id', { id: shopper.zipf('product') }),
  searchResults: (shopper) => shopper.get('/search?q=:q', { q: shopper.pick(WORDS) }),
  cart(shopper, visit) {
    const product = visit.inCart.length < MOST_LINES ? shopper.zipf('product') : shopper.pick(visit.inCart)
    if (!visit.inCart.includes(product)) visit.inCart.push(product)
    return shopper.post('/cart/items', { json: { product, quantity: 1 } })
  },
  buyRequest: (shopper) => shopper.get('/cart'),
  async buyConfirm(shopper, visit) {
    const items =
      visit.inCart.length > 0 ? {} : { items: [{ product: shopper.zipf('product'), quantity: 1 }] }
    const order = await shopper.post('/checkout', {
      json: { email: 'shopper@example.com', ...items },
      key: shopper.uuid(),
    })
    shopper.ordered({ id: order.json.id, value: order.json.total, currency: order.json.currency })
    visit.inCart = []
    visit.lastOrder = order.json.id
  },
  order: (shopper, visit) => shopper.get('/orders/:id', { id: visit.lastOrder ?? shopper.uniform('order') }),
}
