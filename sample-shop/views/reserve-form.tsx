import { randomUUID } from 'node:crypto'

/** Reserves one piece; the key in it makes sending it twice harmless. */
export const ReserveForm = ({ product }: { readonly product: number }) => (
  <form method="post" action="/reservations">
    <input type="hidden" name="product" value={product} />
    <input type="hidden" name="quantity" value={1} />
    <input type="hidden" name="key" value={randomUUID()} />
    <button type="submit">Reserve one</button>
  </form>
)
