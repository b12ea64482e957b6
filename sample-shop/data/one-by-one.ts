import type { CartItem, Item } from '../domain/cart.ts'
import type { OrderLine } from '../domain/order.ts'
import type { Connection } from './database.ts'

type Named = { readonly name: string; readonly priceCents: number }

/** How the flaw `n-plus-one` reads what stands in a cart and in an order: the lines first, then product by product. */
export const ONE_BY_ONE = {
  async cartItems(connection: Connection, cart: string): Promise<readonly CartItem[]> {
    const items = await connection.query<Item>(
      'cart-lines',
      'select product_id as product, quantity from cart_items where cart = $1 order by product_id',
      [cart],
    )
    const named: CartItem[] = []
    for (const item of items) {
      const product = await findNamed(connection, item.product)
      if (product) named.push({ ...item, ...product, lineCents: item.quantity * product.priceCents })
    }
    return named
  },

  async orderLines(connection: Connection, id: number): Promise<readonly OrderLine[]> {
    const lines = await connection.query<Omit<OrderLine, 'name'>>(
      'order-lines',
      `select product_id as product, quantity, price_cents as "priceCents"
         from order_lines where order_id = $1 order by line_no`,
      [id],
    )
    const named: OrderLine[] = []
    for (const line of lines) {
      const product = await findNamed(connection, line.product)
      if (product) named.push({ ...line, name: product.name })
    }
    return named
  },
}

async function findNamed(connection: Connection, id: number): Promise<Named | null> {
  const [product] = await connection.query<Named>(
    'line-product',
    'select name, price_cents as "priceCents" from products where id = $1',
    [id],
  )
  return product ?? null
}
