import { randomUUID } from 'node:crypto'
import { renderFormToken } from './form-token.tsx'
import type { Visitor } from './page.ts'

/** Reserves one piece; the key in it makes sending it twice harmless. */
export const renderReserveForm = (product: number, visitor: Visitor) => (
  <form method="post" action="/reservations">
    {renderFormToken(visitor)}
    <input type="hidden" name="product" value={product} />
    <input type="hidden" name="quantity" value={1} />
    <input type="hidden" name="key" value={randomUUID()} />
    <button type="submit">Reserve one</button>
  </form>
)
