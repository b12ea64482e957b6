import type { StubShop } from '../../harness/engines/open-loop/testing/stub-drive.ts'

/** The pages of the sample shop, each with an answer of the shape it has. */
const PAGES: readonly (readonly [RegExp, unknown])[] = [
  [/^GET \/$/, { products: [{ id: 3 }] }],
  [/^GET \/categories\/\d+(\?page=\d+)?$/, { products: [{ id: 3 }] }],
  [/^GET \/products\/\d+$/, { id: 3, priceCents: 1999 }],
  [/^GET \/new$/, { products: [{ id: 3 }] }],
  [/^GET \/best-sellers$/, { products: [{ id: 3 }] }],
  [/^GET \/search\?q=[a-z]+$/, { products: [{ id: 3 }] }],
  [/^GET \/cart$/, { items: [{ product: 3 }], totalCents: 1999 }],
  [/^POST \/cart\/items$/, { items: [], totalCents: 1999 }],
  [/^POST \/checkout$/, { id: 7, total: 19.99, currency: 'EUR' }],
  [/^GET \/orders\/\d+$/, { id: 7, lines: [{ product: 3 }] }],
]

/** A shop that answers at once, and 404 to what the sample shop does not have. */
export const stubShop: StubShop = ({ method, path }) => {
  const json = PAGES.find(([page]) => page.test(`${method} ${path}`))?.[1]
  return json === undefined ? { afterMs: 5, outcome: 'wrong-status', status: 404 } : { afterMs: 5, json }
}
