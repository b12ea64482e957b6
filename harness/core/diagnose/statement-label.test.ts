import { describe, expect, it } from 'vitest'
import { statementLabel } from './statement-label.ts'

describe('statementLabel', () => {
  it.each([
    ['/* best sellers */ select sum(quantity) from order_lines', 'best sellers'],
    ['select /* best-sellers */ sum(quantity) from order_lines', 'best sellers'],
    ['select id, body from reviews where product_id = $1 limit $2', 'reads of reviews by product_id'],
    ['select * from (select l.id from order_lines l where l.order_id > $1) x', 'reads of order_lines'],
    ['update stock set on_hand = on_hand - $1 where sku = $2', 'updates of stock by sku'],
    ['INSERT INTO "orders" (id) VALUES ($1)', 'inserts into orders'],
    ['delete from cart_items where cart = $1', 'deletes from cart_items by cart'],
    ['COMMIT', 'COMMIT'],
  ])('%s → %s', (sql, label) => {
    expect(statementLabel(sql)).toBe(label)
  })
})
