import type { Config } from '../config.ts'
import type {
  Category,
  CategoryPage,
  HomePage,
  Product,
  ProductPage,
  Review,
  SearchPage,
} from '../domain/catalogue.ts'
import type { Connection } from './database.ts'

/** The columns of a Product, from a table called p. */
export const PRODUCT = `p.id, p.name, p.price_cents as "priceCents", p.rating_tenths / 10.0::float8 as rating,
  p.review_count as "reviewCount"`

/** What the home page shows: the most popular products, and every category. */
export async function findHome(connection: Connection, config: Config): Promise<HomePage> {
  const products = await connection.query<Product>(
    'home-products',
    `select ${PRODUCT} from products p order by p.popularity desc, p.id limit $1`,
    [config.homeProducts],
  )
  const categories = await connection.query<Category>(
    'home-categories',
    'select id, name, department from categories order by id',
  )
  return { products, categories }
}

/** $2 products of category $1, after the $3 most popular ones. */
export const CATEGORY_PRODUCTS_SQL = `select ${PRODUCT} from products p
  where p.category_id = $1 order by p.popularity desc, p.id limit $2 offset $3`

/**
 * The same rows in the same order under `offset-paging`. No index has `nulls last`, so all of the category is sorted; and
 * what a row shows is worked out before OFFSET throws the row away.
 */
export const OFFSET_PAGING_SQL = `select p.id, p.name, p.price_cents as "priceCents",
        (select coalesce(round(avg(r.rating), 1), 0)::float8 from reviews r where r.product_id = p.id) as rating,
        (select count(*)::integer from reviews r where r.product_id = p.id) as "reviewCount"
   from products p where p.category_id = $1 order by p.popularity desc nulls last, p.id limit $2 offset $3`

/** One page of a category, most popular first; `null` when there is no such category or page. */
export async function findCategory(
  connection: Connection,
  id: number,
  page: number,
  config: Config,
): Promise<CategoryPage | null> {
  const [category] = await connection.query<Omit<CategoryPage, 'products' | 'page' | 'pages'>>(
    'category',
    `select c.id, c.name, c.department, count(*)::integer as size,
            min(p.price_cents) as "cheapestCents", max(p.price_cents) as "dearestCents",
            (count(*) filter (where p.rating_tenths >= 40))::integer as "wellRated"
       from categories c join products p on p.category_id = c.id where c.id = $1 group by c.id`,
    [id],
  )
  if (!category) return null
  const pages = Math.ceil(category.size / config.categoryPage)
  if (page > pages) return null
  const products = await connection.query<Product>(
    'category-products',
    config.flaws.has('offset-paging') ? OFFSET_PAGING_SQL : CATEGORY_PRODUCTS_SQL,
    [id, config.categoryPage, (page - 1) * config.categoryPage],
  )
  return { ...category, products, page, pages }
}

type ProductRow = Omit<Product, 'rating' | 'reviewCount'> & {
  readonly description: string
  readonly onHand: number
  readonly categoryId: number
  readonly categoryName: string
  readonly department: string
}

type ReviewRow = Review & { readonly n: number; readonly mean: number }

/** Latest reviews of product $1, at most $2, each with number and mean rating of all its reviews. */
export const REVIEWS_SQL = `select author, rating, body, to_char(written_on, 'YYYY-MM-DD') as "writtenOn",
        count(*) over ()::integer as n, avg(rating) over ()::float8 as mean
   from reviews where product_id = $1 order by id desc limit $2`

/** The counter that the seed adds for the flaw `hot-updates`. */
const COUNT_VIEW_SQL = 'update products set views = views + 1 where id = $1'

/** A product with its stock, latest reviews, rating over all reviews and related products; `null` when unknown. */
export async function findProduct(
  connection: Connection,
  id: number,
  config: Config,
): Promise<ProductPage | null> {
  const [row] = await connection.query<ProductRow>(
    'product',
    `select p.id, p.name, p.price_cents as "priceCents", p.description, s.on_hand as "onHand",
            c.id as "categoryId", c.name as "categoryName", c.department
       from products p join stock s on s.sku = p.id join categories c on c.id = p.category_id where p.id = $1`,
    [id],
  )
  if (!row) return null
  if (config.flaws.has('hot-updates')) await connection.query('product-view', COUNT_VIEW_SQL, [id])
  const rows = await connection.query<ReviewRow>('product-reviews', REVIEWS_SQL, [id, config.reviewsShown])
  const related = await connection.query<Product>(
    'product-related',
    `select ${PRODUCT} from products p where p.category_id = $1 and p.id <> $2
      order by p.popularity desc, p.id limit $3`,
    [row.categoryId, id, config.relatedProducts],
  )
  const { categoryId, categoryName, department, ...product } = row
  return {
    ...product,
    category: { id: categoryId, name: categoryName, department },
    rating: Math.round(10 * (rows[0]?.mean ?? 0)) / 10,
    reviewCount: rows[0]?.n ?? 0,
    reviews: rows.map(({ author, rating, body, writtenOn }) => ({ author, rating, body, writtenOn })),
    related,
  }
}

/** Pieces of a product in stock; 0 when there is no such product. */
export async function findStock(connection: Connection, product: number): Promise<number> {
  const [row] = await connection.query<{ readonly onHand: number }>(
    'stock',
    'select on_hand as "onHand" from stock where sku = $1',
    [product],
  )
  return row?.onHand ?? 0
}

/** At most $2 products with all words of $1 in their name. */
export const SEARCH_SQL = `select ${PRODUCT} from products p where p.words @@ websearch_to_tsquery('simple', $1)
  order by p.popularity desc, p.id limit $2`

/** Under `scan-search`: those with $1 anywhere in their texts (a % in it is any text), names first. No index helps. */
export const SCAN_SEARCH_SQL = `select ${PRODUCT} from products p
  where p.name ilike '%' || $1 || '%' or p.description ilike '%' || $1 || '%'
  order by p.name not ilike '%' || $1 || '%', p.popularity desc, p.id limit $2`

/** Products whose name holds every word asked for, most popular first. The query is data, never SQL. */
export async function searchProducts(
  connection: Connection,
  query: string,
  config: Config,
): Promise<SearchPage> {
  const products = await connection.query<Product>(
    'search',
    config.flaws.has('scan-search') ? SCAN_SEARCH_SQL : SEARCH_SQL,
    [query, config.searchResults],
  )
  return { query, products }
}
