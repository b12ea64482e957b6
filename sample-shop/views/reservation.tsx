import { randomUUID } from 'node:crypto'
import { formatCents } from '../domain/money.ts'
import type { Reservation } from '../domain/reservation.ts'
import { renderFormToken } from './form-token.tsx'
import { page } from './page.ts'

/** A reservation, with the forms that buy what it keeps, or let it go. */
export const reservationPage = page({
  model: (reservation: Reservation) => ({
    ...reservation,
    total: formatCents(reservation.quantity * reservation.priceCents),
    key: randomUUID(),
  }),
  title: () => 'Reservation',
  content: ({ id, product, name, quantity, total, expiresAt, state, order, key }, visitor) => (
    <>
      <h1>Reservation</h1>
      <p>
        {quantity} × <a href={`/products/${product}`}>{name}</a>, <span class="price">{total}</span>
      </p>
      {state === 'held' ? (
        <>
          <p>
            Kept for you until <time datetime={expiresAt}>{expiresAt.slice(11, 19)} UTC</time>.
          </p>
          <form method="post" action="/checkout">
            {renderFormToken(visitor)}
            <input type="hidden" name="key" value={key} />
            <input type="hidden" name="reservation" value={id} />
            <label>
              Email <input type="email" name="email" autocomplete="email" maxlength={200} required />
            </label>
            <button type="submit">Pay {total}</button>
          </form>
          <form method="post" action={`/reservations/${id}/release`}>
            {renderFormToken(visitor)}
            <button type="submit">Let it go</button>
          </form>
        </>
      ) : (
        <p>
          This reservation is <strong>{state}</strong>
          {order !== null && (
            <>
              {' '}
              by <a href={`/orders/${order}`}>order {order}</a>
            </>
          )}
          .
        </p>
      )}
    </>
  ),
})
