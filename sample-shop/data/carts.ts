import { type Cart, type CartItem, type Item, MOST_PIECES } from '../domain/cart.ts'
import type { Connection } from './database.ts'

/** The cart with this id; an unknown cart is an empty one. */
export async function findCart(
  connection: Connection,
  cart: string | null,
  findItems: typeof findCartItems = findCartItems,
): Promise<Cart> {
  if (cart === null) return { items: [], totalCents: 0 }
  const items = await findItems(connection, cart)
  return { items, totalCents: items.reduce((sum, item) => sum + item.lineCents, 0) }
}

function findCartItems(connection: Connection, cart: string): Promise<readonly CartItem[]> {
  return connection.query<CartItem>(
    'cart',
    `select p.id as product, i.quantity, p.name, p.price_cents as "priceCents",
            i.quantity * p.price_cents as "lineCents"
       from cart_items i join products p on p.id = i.product_id where i.cart = $1 order by p.id`,
    [cart],
  )
}

/** Puts pieces into the cart, on top of those already there. False when there is no such product. */
export async function addToCart(connection: Connection, cart: string, item: Item): Promise<boolean> {
  const rows = await connection.query(
    'cart-add',
    `insert into cart_items as i (cart, product_id, quantity)
     select $1, id, $3 from products where id = $2
         on conflict (cart, product_id) do update set quantity = least(i.quantity + excluded.quantity, ${MOST_PIECES})
     returning quantity`,
    [cart, item.product, item.quantity],
  )
  return rows.length > 0
}

/** Makes it so many pieces of a product that is in the cart; 0 takes it out. What is not in the cart stays out. */
export async function changeInCart(connection: Connection, cart: string, item: Item): Promise<void> {
  const { product, quantity } = item
  if (quantity === 0) {
    await connection.query('cart-remove', 'delete from cart_items where cart = $1 and product_id = $2', [
      cart,
      product,
    ])
    return
  }
  await connection.query(
    'cart-change',
    'update cart_items set quantity = $3 where cart = $1 and product_id = $2',
    [cart, product, quantity],
  )
}

/**
 * Takes out of the cart what was bought of it, and leaves what was put in since. False when it holds less by now: then
 * somebody else bought it meanwhile (another tab, a second click), and both must not. In a transaction.
 */
export async function takeFromCart(
  connection: Connection,
  cart: string,
  items: readonly Item[],
): Promise<boolean> {
  const bought = [cart, items.map(({ product }) => product), items.map(({ quantity }) => quantity)]
  const emptied = await connection.query<{ readonly product: number }>(
    'cart-take',
    `delete from cart_items i using unnest($2::integer[], $3::integer[]) as bought (product, quantity)
      where i.cart = $1 and i.product_id = bought.product and i.quantity = bought.quantity
     returning i.product_id as product`,
    bought,
  )
  if (emptied.length === items.length) return true
  const lessened = await connection.query(
    'cart-lessen',
    `update cart_items i set quantity = i.quantity - bought.quantity
       from unnest($2::integer[], $3::integer[]) as bought (product, quantity)
      where i.cart = $1 and i.product_id = bought.product and i.quantity > bought.quantity
     returning i.product_id`,
    bought,
  )
  return emptied.length + lessened.length === items.length
}
