import type { Config } from '../config.ts'
import type { Account } from '../domain/account.ts'
import type { Review, ReviewsPage } from '../domain/catalogue.ts'
import { ShopError } from '../domain/shop-error.ts'
import { type Connection, inTransaction } from './database.ts'

/** One page of a product's reviews, latest first; `null` when there is no such product or page. */
export async function findReviews(
  connection: Connection,
  product: number,
  page: number,
  config: Config,
): Promise<ReviewsPage | null> {
  const [summary] = await connection.query<{
    readonly name: string
    readonly size: number
    readonly mean: number
  }>(
    'reviews-summary',
    `select p.name, count(r.id)::integer as size, coalesce(avg(r.rating), 0)::float8 as mean
       from products p left join reviews r on r.product_id = p.id where p.id = $1 group by p.id`,
    [product],
  )
  if (!summary) return null
  const pages = Math.max(1, Math.ceil(summary.size / config.reviewsPage))
  if (page > pages) return null
  const reviews = await connection.query<Review>(
    'reviews',
    `select author, rating, body, to_char(written_on, 'YYYY-MM-DD') as "writtenOn"
       from reviews where product_id = $1 order by id desc limit $2 offset $3`,
    [product, config.reviewsPage, (page - 1) * config.reviewsPage],
  )
  return {
    product: { id: product, name: summary.name },
    rating: Math.round(10 * summary.mean) / 10,
    reviewCount: summary.size,
    reviews,
    page,
    pages,
  }
}

/**
 * Writes an account's review of a product, its only one, and puts the product's rating right. The product's row is
 * locked first: of two reviews at once the later one counts both. False when the account has reviewed it before.
 */
export async function insertReview(
  connection: Connection,
  account: Account,
  product: number,
  { rating, body }: Pick<Review, 'rating' | 'body'>,
): Promise<boolean> {
  return inTransaction(connection, async () => {
    const found = await connection.query(
      'product-lock',
      'select id from products where id = $1 for no key update',
      [product],
    )
    if (found.length === 0) throw new ShopError(404, 'unknown-product', 'There is no such product.')
    const first = await connection.query(
      'review-insert',
      `with mine as (
         insert into account_reviews (account_id, product_id) values ($1, $2) on conflict do nothing returning product_id
       )
       insert into reviews (product_id, rating, author, body, written_on)
       select product_id, $3, $4, $5, current_date from mine returning id`,
      [account.id, product, rating, account.name, body],
    )
    if (first.length === 0) return false
    await connection.query(
      'product-rating',
      `update products set rating_tenths = round(10 * r.mean), review_count = r.n
         from (select avg(rating) as mean, count(*) as n from reviews where product_id = $1) r where id = $1`,
      [product],
    )
    return true
  })
}
