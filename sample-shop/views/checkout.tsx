import { COUNTRIES } from '../domain/address.ts'
import type { Cart } from '../domain/cart.ts'
import { cartVersion } from '../domain/cart-version.ts'
import { formatCents } from '../domain/money.ts'
import { type Filled, Problem, SelectField, TextField } from './fields.tsx'
import { renderFormToken } from './form-token.tsx'
import { LineTable } from './order.tsx'
import { page } from './page.ts'

export type CheckoutPage = {
  readonly cart: Cart
  /** Makes sending the form twice harmless. */
  readonly key: string
  readonly signedIn: boolean
  readonly filled: Filled
}

const countries = Object.entries(COUNTRIES)

/** What is bought, where it goes, and how it is paid. */
export const checkoutPage = page({
  model: ({ cart, ...rest }: CheckoutPage) => ({
    ...cart,
    ...rest,
    total: formatCents(cart.totalCents),
    seen: cartVersion(cart.items),
  }),
  title: () => 'Checkout',
  content: ({ items, totalCents, total, key, seen, signedIn, filled }, visitor) => (
    <>
      <h1>Checkout</h1>
      <Problem filled={filled} />
      {items.length === 0 ? (
        <p>
          Your cart is empty. {signedIn && <a href="/account/orders">See your orders</a>}
          {signedIn && ' or '}
          <a href="/">Find something</a>
        </p>
      ) : (
        <>
          <LineTable lines={items} totalCents={totalCents} />
          <p>
            <a href="/cart">Change the cart</a>
          </p>
          {!signedIn && (
            <p class="soft">
              <a href="/sign-in?next=/checkout">Sign in</a> or <a href="/register?next=/checkout">register</a>
              , and the order is kept in your account; or go on without.
            </p>
          )}
          <form class="stack" method="post" action="/checkout">
            {renderFormToken(visitor)}
            <input type="hidden" name="key" value={key} />
            <input type="hidden" name="seen" value={seen} />
            <fieldset>
              <legend>Delivery</legend>
              <TextField
                name="email"
                label="Email"
                type="email"
                autocomplete="email"
                maxlength={200}
                filled={filled}
              />
              <TextField name="name" label="Name" autocomplete="name" maxlength={100} filled={filled} />
              <TextField
                name="street"
                label="Street and number"
                autocomplete="street-address"
                maxlength={100}
                filled={filled}
              />
              <div class="pair">
                <TextField
                  name="postcode"
                  label="Postcode"
                  autocomplete="postal-code"
                  maxlength={12}
                  filled={filled}
                />
                <TextField
                  name="city"
                  label="City"
                  autocomplete="address-level2"
                  maxlength={100}
                  filled={filled}
                />
              </div>
              <SelectField
                name="country"
                label="Country"
                options={countries}
                autocomplete="country"
                filled={filled}
              />
            </fieldset>
            <fieldset>
              <legend>Payment</legend>
              <TextField
                name="card"
                label="Card number"
                autocomplete="off"
                inputmode="numeric"
                maxlength={40}
                hint="A rehearsal: make one up, 12 to 19 digits. One that ends in 0000 is declined."
                filled={filled}
              />
            </fieldset>
            <button type="submit">Pay {total}</button>
          </form>
        </>
      )}
    </>
  ),
})
