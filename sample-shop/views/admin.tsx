import { formatCount } from '../domain/count.ts'
import { formatCents } from '../domain/money.ts'
import type { SalesReport } from '../domain/sales-report.ts'
import { type Filled, Problem, TextField } from './fields.tsx'
import { renderFormToken } from './form-token.tsx'
import { page } from './page.ts'

/** The sales report, and the form that restocks. */
export type AdminPage = {
  readonly report: SalesReport
  readonly filled: Filled
  /** The product just restocked. */
  readonly restocked: number | null
}

export const adminPage = page({
  model: ({ report, filled, restocked }: AdminPage) => ({ ...report, filled, restocked }),
  title: () => 'Admin',
  content: ({ days, filled, restocked }, visitor) => (
    <>
      <h1>Admin</h1>
      <h2>Restock</h2>
      {restocked !== null && (
        <p role="status">
          <a href={`/products/${restocked}`}>Product {restocked}</a> is restocked.
        </p>
      )}
      <Problem filled={filled} />
      <form class="stack" method="post" action="/admin/restock">
        {renderFormToken(visitor)}
        <TextField name="product" label="Product number" type="number" autocomplete="off" filled={filled} />
        <TextField name="quantity" label="Pieces" type="number" autocomplete="off" filled={filled} />
        <button type="submit">Restock</button>
      </form>
      <h2>Sales by day and category</h2>
      {days.length === 0 && <p>Nothing was sold yet.</p>}
      {days.map(({ day, units, revenueCents, categories }, index) => (
        <details key={day} open={index === 0}>
          <summary>
            {day}: {formatCount(units)} pieces, {formatCents(revenueCents)}
          </summary>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">Category</th>
                  <th scope="col" class="n">
                    Pieces
                  </th>
                  <th scope="col" class="n">
                    Revenue
                  </th>
                </tr>
              </thead>
              <tbody>
                {categories.map((sales) => (
                  <tr key={sales.category}>
                    <th scope="row">
                      {sales.category} <span class="soft">{sales.department}</span>
                    </th>
                    <td class="n">{formatCount(sales.units)}</td>
                    <td class="n">{formatCents(sales.revenueCents)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      ))}
    </>
  ),
})
