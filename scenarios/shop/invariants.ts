/** One order a key, and one reservation a key and an order. */
const DOUBLED = `select idempotency_key from orders group by idempotency_key having count(idempotency_key) > 1
          union all
          select idempotency_key from reservations group by idempotency_key having count(*) > 1
          union all
          select order_id::text from reservations group by order_id having count(order_id) > 1`

/** A live order whose lines do not add up to its total; of none it was nothing that was sold. */
const NOT_ITS_LINES = `select orders.id::text from orders left join order_lines on order_id = orders.id
           where idempotency_key is not null group by orders.id
          having total_cents <> coalesce(sum(quantity * price_cents), 0)`

/**
 * What must never be found in the sample shop's books, however hard the surge. `ledger` holds the orders that
 * shoppers were told were placed, `unknown` the keys of requests that were never answered; an order of the past has no
 * idempotency key. What is `sampled` holds at any moment of one snapshot, since whatever sells, reserves or gives back does
 * so in one transaction.
 */
export const invariants = [
  {
    // Stocked, and restocked, is what was sold, what is kept for somebody, and what is there. Pieces reserved by the unit
    // stay on hand until they are sold: "units agree with stock" counts those.
    name: 'no oversell',
    sql: `select sku from stock
           left join (select product_id, sum(quantity) as sold from order_lines join orders on orders.id = order_id
                       where idempotency_key is not null group by product_id) lines on lines.product_id = sku
           left join (select product_id, sum(quantity) as kept from reservations
                       where state = 'held' and not by_unit group by product_id) reserved on reserved.product_id = sku
           where on_hand < 0 or stocked - on_hand <> coalesce(sold, 0) + coalesce(kept, 0)`,
    expect: 'no rows',
    sampled: true,
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
          ${DOUBLED}`,
    expect: 'no rows',
    sampled: DOUBLED,
  },
  {
    name: 'money conserved',
    sql: `select ledger.id from ledger join orders on orders.id::text = ledger.id
           where round(ledger.value * 100) <> orders.total_cents
          union all
          ${NOT_ITS_LINES}`,
    expect: 'no rows',
    sampled: NOT_ITS_LINES,
  },
  {
    // Neither a success nor a failure: it may have become one order, whole, or none. That the stock agrees is the first
    // invariant, which asks nobody whether the shopper was told.
    name: 'unanswered requests whole or not at all',
    sql: `select key from unknown join orders on idempotency_key = key
           where orders.status <> 'paid'
              or orders.total_cents <> (select coalesce(sum(quantity * price_cents), 0) from order_lines where order_id = orders.id)
              or not exists (select from order_lines where order_id = orders.id)
          union all
          select key from unknown join orders on idempotency_key = key group by key having count(distinct orders.id) > 1`,
    expect: 'no rows',
  },
  {
    name: 'reservations sold as reserved',
    sql: `select reservations.id from reservations left join orders on orders.id = order_id
           where state = 'claimed'
             and (orders.id is null or orders.placed_at > expires_at
                  or quantity is distinct from (select sum(l.quantity) from order_lines l
                      where l.order_id = orders.id and l.product_id = reservations.product_id))`,
    expect: 'no rows',
    sampled: true,
  },
  {
    // `return_by` is two sweeps after the end: a sweep that is late has not failed yet.
    name: 'expired reservations returned',
    sql: `select id from reservations where state = 'held' and return_by < now()`,
    expect: 'no rows',
  },
  {
    name: 'units agree with stock',
    sql: `select sku::text from stock_units join stock using (sku) group by sku
           having count(*) <> max(stocked) or count(*) filter (where order_id is null) <> max(on_hand)
          union all
          select id::text from reservations
           where by_unit and (select count(*) from stock_units where reservation = reservations.id)
                          <> case when state = 'held' then quantity else 0 end
          union all
          select distinct reservation::text from stock_units
           where reservation is not null and (order_id is not null
              or not exists (select from reservations where id = reservation and state = 'held'))
          union all
          select order_id::text from stock_units u where order_id is not null group by sku, order_id
           having count(*) is distinct from (select sum(quantity) from order_lines l
                    where l.order_id = u.order_id and l.product_id = u.sku)`,
    expect: 'no rows',
  },
] as const
