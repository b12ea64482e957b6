import type { Account } from '../domain/account.ts'
import type { ReviewsPage } from '../domain/catalogue.ts'
import { AreaField, type Filled, Problem, SelectField } from './fields.tsx'
import { renderFormToken } from './form-token.tsx'
import { page } from './page.ts'
import { Pager } from './pager.tsx'
import { Stars } from './product-card.tsx'
import { renderReview } from './review.tsx'

/** All reviews, and the form for one more, for those who are signed in. */
export type Reviews = {
  readonly page: ReviewsPage
  readonly visitor: Account | null
  readonly filled: Filled
}

const STARS = [
  ['5', '5, very good'],
  ['4', '4, good'],
  ['3', '3, all right'],
  ['2', '2, not good'],
  ['1', '1, bad'],
] as const

export const reviewsPage = page({
  model: ({ page, visitor, filled }: Reviews) => ({ ...page, author: visitor?.name ?? null, filled }),
  title: ({ product }) => `Reviews of ${product.name}`,
  content: ({ product, rating, reviewCount, reviews, page, pages, author, filled }, visitor) => (
    <>
      <p class="soft">
        <a href={`/products/${product.id}`}>{product.name}</a>
      </p>
      <h1>Reviews of {product.name}</h1>
      <p>
        <Stars rating={rating} reviewCount={reviewCount} /> · <a href="#write">Write a review</a>
      </p>
      {reviews.map(renderReview)}
      {pages > 1 && <Pager path={`/products/${product.id}/reviews`} page={page} pages={pages} />}
      <h2 id="write">Write a review</h2>
      {author === null ? (
        <p>
          <a href={`/sign-in?next=/products/${product.id}/reviews`}>Sign in</a> to write one.
        </p>
      ) : (
        <>
          <Problem filled={filled} />
          <form class="stack" method="post" action={`/products/${product.id}/reviews`}>
            {renderFormToken(visitor)}
            <SelectField name="rating" label="Stars" options={STARS} filled={filled} />
            <AreaField
              name="body"
              label={`What do you think of it, ${author}?`}
              maxlength={1000}
              filled={filled}
            />
            <button type="submit">Send review</button>
          </form>
        </>
      )}
    </>
  ),
})
