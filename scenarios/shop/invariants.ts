/**
 * What must never be found in the sample shop's books, however hard the surge. `ledger` holds the orders that
 * shoppers were told were placed; an order of the past has no idempotency key.
 */
export const invariants = [
  {
    name: 'no oversell',
    sql: `select sku from stock
           left join (select product_id, sum(quantity) as sold from order_lines join orders on orders.id = order_id
                       where idempotency_key is not null group by product_id) lines on product_id = sku
           where on_hand < 0 or stocked - on_hand <> coalesce(sold, 0)`,
    expect: 'no rows',
  },
  {
    name: 'no confirmed order lost',
    sql: 'select ledger.id from ledger left join orders on orders.id::text = ledger.id where orders.id is null',
    expect: 'no rows',
  },
  {
    name: 'no order doubled',
    sql: `select id from ledger group by id having count(*) > 1
          union all
          select idempotency_key from orders group by idempotency_key having count(idempotency_key) > 1`,
    expect: 'no rows',
  },
  {
    name: 'money conserved',
    sql: `select ledger.id from ledger join orders on orders.id::text = ledger.id
           where round(ledger.value * 100) <> orders.total_cents
              or orders.total_cents <> (select coalesce(sum(quantity * price_cents), 0) from order_lines where order_id = orders.id)`,
    expect: 'no rows',
  },
] as const
