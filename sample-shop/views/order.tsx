import { randomUUID } from 'node:crypto'
import type { VNode } from 'preact'
import { type Address, COUNTRIES } from '../domain/address.ts'
import { type Cart, MOST_PIECES } from '../domain/cart.ts'
import { formatCents } from '../domain/money.ts'
import type { OrderLine, OrderPage } from '../domain/order.ts'
import { renderFormToken } from './form-token.tsx'
import { page } from './page.ts'

type Lines = {
  readonly lines: readonly OrderLine[]
  readonly totalCents: number
  /** What stands in the column of pieces; the number when absent. */
  readonly pieces?: (line: OrderLine) => VNode
}

export const LineTable = ({ lines, totalCents, pieces }: Lines) => (
  <div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Product</th>
          {['Pieces', 'Each', 'Sum'].map((title) => (
            <th scope="col" class="n" key={title}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.product}>
            <td>
              <a href={`/products/${line.product}`}>{line.name}</a>
            </td>
            <td class="n">{pieces ? pieces(line) : line.quantity}</td>
            <td class="n">{formatCents(line.priceCents)}</td>
            <td class="n">{formatCents(line.quantity * line.priceCents)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colspan={3}>
            Total
          </th>
          <td class="n price">{formatCents(totalCents)}</td>
        </tr>
      </tfoot>
    </table>
  </div>
)

/** The cart, and the way to the checkout; the key goes along, and makes sending the checkout twice harmless. */
export const cartPage = page({
  model: ({ items, totalCents }: Cart) => ({
    items,
    totalCents,
    total: formatCents(totalCents),
    key: randomUUID(),
  }),
  title: () => 'Cart',
  content: ({ items, totalCents, total, key }, visitor) =>
    items.length === 0 ? (
      <>
        <h1>Cart</h1>
        <p>
          Your cart is empty. <a href="/">Find something</a>
        </p>
      </>
    ) : (
      <>
        <h1>Cart</h1>
        <LineTable
          lines={items}
          totalCents={totalCents}
          pieces={({ product, name, quantity }) => (
            <form class="pieces" method="post" action={`/cart/items/${product}`}>
              {renderFormToken(visitor)}
              <input
                type="number"
                name="quantity"
                aria-label={`Pieces of ${name}`}
                value={quantity}
                min={0}
                max={MOST_PIECES}
                required
              />
              <button type="submit" aria-label={`Change pieces of ${name}`}>
                Change
              </button>
            </form>
          )}
        />
        <p class="soft">0 pieces take a product out.</p>
        <h2>Checkout</h2>
        <form action="/checkout">
          <input type="hidden" name="key" value={key} />
          <button type="submit">Check out {total}</button>
        </form>
        <p class="soft">
          Address and payment come next. Or <a href="/">find something else</a>.
        </p>
      </>
    ),
})

export const orderPage = page({
  model: (order: OrderPage) => order,
  title: ({ id }) => `Order ${id}`,
  content: ({ id, status, email, placedAt, lines, totalCents, address }) => (
    <>
      <h1>Order {id}</h1>
      <p>
        Status: <strong>{status}</strong>. Placed{' '}
        <time datetime={placedAt}>{placedAt.slice(0, 16).replace('T', ' ')} UTC</time> by {email}.
      </p>
      {address && renderAddress(address)}
      <LineTable lines={lines} totalCents={totalCents} />
    </>
  ),
})

const renderAddress = ({ name, street, postcode, city, country }: Address) => (
  <>
    <h2>Delivered to</h2>
    <address>
      {name}
      <br />
      {street}
      <br />
      {postcode} {city}
      <br />
      {COUNTRIES[country]}
    </address>
  </>
)

/** What a person sees when something did not work. */
export const errorPage = page({
  model: ({ status, message }: { readonly status: number; readonly message: string }) => ({
    heading: status === 404 ? 'Not found' : 'That did not work',
    message,
  }),
  title: ({ heading }) => heading,
  content: ({ heading, message }) => (
    <>
      <h1>{heading}</h1>
      <p>{message}</p>
      <p>
        <a href="/">Back to the shop</a>
      </p>
    </>
  ),
})
