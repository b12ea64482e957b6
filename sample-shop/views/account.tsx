import { type Account, LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../domain/account.ts'
import { formatCents } from '../domain/money.ts'
import type { OrderHistory } from '../domain/order.ts'
import { type Filled, Problem, TextField } from './fields.tsx'
import { renderFormToken } from './form-token.tsx'
import { page } from './page.ts'
import { Pager } from './pager.tsx'

/** A form of the door, and where it leads afterwards. */
export type Door = { readonly filled: Filled; readonly next: string }

const emailField = (filled: Filled) => (
  <TextField name="email" label="Email" type="email" autocomplete="email" maxlength={200} filled={filled} />
)

export const signInPage = page({
  model: ({ next, filled }: Door) => ({ next, filled }),
  title: () => 'Sign in',
  content: ({ next, filled }, visitor) => (
    <>
      <h1>Sign in</h1>
      <Problem filled={filled} />
      <form class="stack" method="post" action="/sign-in">
        {renderFormToken(visitor)}
        <input type="hidden" name="next" value={next} />
        {emailField(filled)}
        <TextField
          name="password"
          label="Password"
          type="password"
          autocomplete="current-password"
          maxlength={LONGEST_PASSWORD}
          filled={filled}
        />
        <button type="submit">Sign in</button>
      </form>
      <p>
        New here? <a href={`/register?next=${encodeURIComponent(next)}`}>Register</a>
      </p>
    </>
  ),
})

export const registerPage = page({
  model: ({ next, filled }: Door) => ({ next, filled }),
  title: () => 'Register',
  content: ({ next, filled }, visitor) => (
    <>
      <h1>Register</h1>
      <Problem filled={filled} />
      <form class="stack" method="post" action="/register">
        {renderFormToken(visitor)}
        <input type="hidden" name="next" value={next} />
        <TextField name="name" label="Name" autocomplete="name" maxlength={100} filled={filled} />
        {emailField(filled)}
        <TextField
          name="password"
          label="Password"
          type="password"
          autocomplete="new-password"
          minlength={SHORTEST_PASSWORD}
          maxlength={LONGEST_PASSWORD}
          hint={`At least ${SHORTEST_PASSWORD} characters.`}
          filled={filled}
        />
        <button type="submit">Register</button>
      </form>
      <p>
        Been here before? <a href={`/sign-in?next=${encodeURIComponent(next)}`}>Sign in</a>
      </p>
    </>
  ),
})

export const accountPage = page({
  model: ({ email, name }: Account) => ({ email, name }),
  title: () => 'Your account',
  content: ({ email, name }, visitor) => (
    <>
      <h1>Hello, {name}</h1>
      <p>
        You are signed in as <strong>{email}</strong>.
      </p>
      <p>
        <a href="/account/orders">Your orders</a>
      </p>
      <form method="post" action="/sign-out">
        {renderFormToken(visitor)}
        <button type="submit">Sign out</button>
      </form>
    </>
  ),
})

export const historyPage = page({
  model: (history: OrderHistory) => history,
  title: () => 'Your orders',
  content: ({ orders, size, page, pages }) => (
    <>
      <p class="soft">
        <a href="/account">Your account</a>
      </p>
      <h1>Your orders</h1>
      {size === 0 ? (
        <p>
          There are none yet. <a href="/">Find something</a>
        </p>
      ) : (
        <>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">Order</th>
                  <th scope="col">Placed</th>
                  <th scope="col" class="n">
                    Pieces
                  </th>
                  <th scope="col" class="n">
                    Total
                  </th>
                </tr>
              </thead>
              <tbody>
                {orders.map(({ id, placedAt, status, pieces, totalCents }) => (
                  <tr key={id}>
                    <th scope="row">
                      <a href={`/orders/${id}`}>{id}</a>
                    </th>
                    <td>
                      <time datetime={placedAt}>{placedAt.slice(0, 10)}</time>{' '}
                      <span class="soft">{status}</span>
                    </td>
                    <td class="n">{pieces}</td>
                    <td class="n price">{formatCents(totalCents)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {pages > 1 && <Pager path="/account/orders" page={page} pages={pages} />}
        </>
      )}
    </>
  ),
})
