import { type JourneyOptions, type JourneySpec, journey, type Shopper } from 'doorbuster'

/** What people come to the sample shop for; `data` of a scenario that uses these names `category` and `product`. */

const DOOR_BUSTER = 1
const WANTED = ['lamp', 'kettle', 'tent', 'pillow', 'suitcase', 'skillet', 'scooter', 'backpack']

/** Home, a category, one of its products, one that is popular. */
export function browse(options: JourneyOptions): JourneySpec {
  return journey('browser', options, async (shopper) => {
    await shopper.get('/')
    const category = await shopper.get('/categories/:id', { id: shopper.zipf('category') })
    await shopper.get('/products/:id', { id: shopper.pick(category.json.products).id })
    await shopper.get('/products/:id', { id: shopper.zipf('product') })
  })
}

/** Comes for what everybody comes for: home, the best sellers, a category, the best sellers again. */
export function follow(options: JourneyOptions): JourneySpec {
  return journey('follower', options, async (shopper) => {
    await shopper.get('/')
    await shopper.get('/best-sellers')
    await shopper.get('/categories/:id', { id: shopper.zipf('category') })
    await shopper.get('/best-sellers')
  })
}

/** Knows a word for it: two searches, and a product of each. */
export function search(options: JourneyOptions): JourneySpec {
  return journey('searcher', options, async (shopper) => {
    for (let words = 0; words < 2; words++) {
      const found = await shopper.get('/search?q=:q', { q: shopper.pick(WANTED) })
      await shopper.get('/products/:id', { id: shopper.pick(found.json.products).id })
    }
  })
}

/** Came by a link: product after product, popular ones mostly. */
export function compare(options: JourneyOptions): JourneySpec {
  return journey('comparer', options, async (shopper) => {
    for (let products = 0; products < 4; products++) {
      await shopper.get('/products/:id', { id: shopper.zipf('product') })
    }
  })
}

/** Looks at a product, puts it into the cart and pays. */
export function buy(options: JourneyOptions): JourneySpec {
  return journey('buyer', options, async (shopper) => {
    const product = shopper.zipf('product')
    await shopper.get('/products/:id', { id: product })
    await shopper.post('/cart/items', { json: { product, quantity: 1 } })
    await shopper.get('/cart')
    await payFor(shopper, {})
  })
}

/** As `buy`, with open eyes: what was put into the cart must be there, and so must the order. */
export function buyAndCheck(options: JourneyOptions): JourneySpec {
  return journey('careful buyer', options, async (shopper) => {
    const product = shopper.zipf('product')
    await shopper.get('/products/:id', { id: product })
    await shopper.post('/cart/items', { json: { product, quantity: 1 } })
    const cart = await shopper.get('/cart')
    shopper.check('the cart holds what was put into it', cart.json.items.length > 0)
    const id = await payFor(shopper, {})
    const order = await shopper.get('/orders/:id', { id })
    shopper.check('the order has what was in the cart', order.json.lines.length > 0)
  })
}

/** Knows what they want, and is not alone: the door-buster, at once. */
export function snatch(options: JourneyOptions): JourneySpec {
  return journey('door-buster buyer', options, async (shopper) => {
    await shopper.get('/products/:id', { id: DOOR_BUSTER })
    await payFor(shopper, { items: [{ product: DOOR_BUSTER, quantity: 1 }] })
  })
}

/** Has a list: orders this many products at once and looks at the order. */
export function stockUp(options: JourneyOptions & { readonly products: number }): JourneySpec {
  const { products, ...rest } = options
  return journey('list writer', rest, async (shopper) => {
    const wanted = new Set<number>()
    while (wanted.size < products) wanted.add(shopper.uniform('product'))
    const id = await payFor(shopper, { items: [...wanted].map((product) => ({ product, quantity: 1 })) })
    await shopper.get('/orders/:id', { id })
  })
}

/** Fills a cart with this many products, comes back to look at it this often, and pays. */
export function fillCart(
  options: JourneyOptions & { readonly products: number; readonly looks: number },
): JourneySpec {
  const { products, looks, ...rest } = options
  return journey('cart filler', rest, async (shopper) => {
    for (let product = 0; product < products; product++) {
      await shopper.post('/cart/items', { json: { product: shopper.uniform('product'), quantity: 1 } })
    }
    for (let look = 0; look < looks; look++) await shopper.get('/cart')
    await shopper.get('/orders/:id', { id: await payFor(shopper, {}) })
  })
}

/** Pays; gives the order's id. */
async function payFor(shopper: Shopper, what: { readonly items?: readonly object[] }): Promise<number> {
  const order = await shopper.post('/checkout', {
    json: { email: 'shopper@example.com', ...what },
    key: shopper.uuid(),
  })
  shopper.ordered({ id: order.json.id, value: order.json.total, currency: order.json.currency })
  return order.json.id
}
