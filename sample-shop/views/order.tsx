import { randomUUID } from 'node:crypto'
import { type Address, COUNTRIES } from '../domain/address.ts'
import type { Cart } from '../domain/cart.ts'
import { formatCents } from '../domain/money.ts'
import type { OrderLine, OrderPage } from '../domain/order.ts'
import { page } from './page.ts'

type Lines = { readonly lines: readonly OrderLine[]; readonly totalCents: number }

export const LineTable = ({ lines, totalCents }: Lines) => (
  <div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Product</th>
          {['Pieces', 'Each', 'Together'].map((title) => (
            <th scope="col" class="n" key={title}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map(({ product, name, quantity, priceCents }) => (
          <tr key={product}>
            <td>
              <a href={`/products/${product}`}>{name}</a>
            </td>
            <td class="n">{quantity}</td>
            <td class="n">{formatCents(priceCents)}</td>
            <td class="n">{formatCents(quantity * priceCents)}</td>
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
  content: ({ items, totalCents, total, key }) =>
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
        <LineTable lines={items} totalCents={totalCents} />
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
