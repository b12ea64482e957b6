import type { CategorySales, DaySales, SalesReport } from '../domain/sales-report.ts'
import type { Connection } from './database.ts'

type SalesRow = CategorySales & { readonly day: string }

/**
 * Revenue and units by day and category over the latest days on which anything was sold. It reads every order and
 * every line there is, as such reports do: it is behind a password, and nothing shoppers see waits for it.
 */
export async function findSalesReport(connection: Connection, days: number): Promise<SalesReport> {
  const rows = await connection.query<SalesRow>(
    'sales-report',
    `select to_char(day, 'YYYY-MM-DD') as day, c.name as category, c.department, units, "revenueCents"
       from (select (o.placed_at at time zone 'UTC')::date as day, p.category_id, sum(l.quantity)::integer as units,
                    sum(l.quantity * l.price_cents)::float8 as "revenueCents",
                    dense_rank() over (order by (o.placed_at at time zone 'UTC')::date desc) as age
               from orders o join order_lines l on l.order_id = o.id join products p on p.id = l.product_id
              group by 1, 2) sales
       join categories c on c.id = category_id
      where age <= $1 order by 1 desc, "revenueCents" desc, c.id`,
    [days],
  )
  const byDay = new Map<string, CategorySales[]>()
  for (const { day, ...sales } of rows) {
    const categories = byDay.get(day)
    if (categories) categories.push(sales)
    else byDay.set(day, [sales])
  }
  return {
    days: [...byDay].map(([day, categories]): DaySales => {
      let units = 0
      let revenueCents = 0
      for (const sales of categories) {
        units += sales.units
        revenueCents += sales.revenueCents
      }
      return { day, units, revenueCents, categories }
    }),
  }
}
