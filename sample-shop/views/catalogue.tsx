import { MOST_PIECES } from '../domain/cart.ts'
import type {
  BestSellersPage,
  CategoryPage,
  HomePage,
  NewProductsPage,
  ProductPage,
  SearchPage,
} from '../domain/catalogue.ts'
import { formatCount } from '../domain/count.ts'
import { formatCents } from '../domain/money.ts'
import { renderFormToken } from './form-token.tsx'
import { page, type Visitor } from './page.ts'
import { Pager } from './pager.tsx'
import { Picture } from './picture.tsx'
import { card, cards, ProductGrid, Stars } from './product-card.tsx'
import { renderReserveForm } from './reserve-form.tsx'
import { renderReview } from './review.tsx'

export const homePage = page({
  model: ({ products, categories }: HomePage) => ({ products: cards(products), categories }),
  title: () => 'Today’s deals',
  content: ({ products, categories }) => (
    <>
      <h1>Today’s deals</h1>
      <ProductGrid products={products} />
      <h2>All categories</h2>
      <ul class="chips">
        {categories.map(({ id, name }) => (
          <li key={id}>
            <a href={`/categories/${id}`}>{name}</a>
          </li>
        ))}
      </ul>
    </>
  ),
})

export const newProductsPage = page({
  model: ({ products }: NewProductsPage) => ({ products: cards(products) }),
  title: () => 'New products',
  content: ({ products }) => (
    <>
      <h1>New products</h1>
      <ProductGrid products={products} />
    </>
  ),
})

export const categoryPage = page({
  model: (category: CategoryPage) => ({
    ...category,
    prices: `${formatCents(category.cheapestCents)} to ${formatCents(category.dearestCents)}`,
    products: cards(category.products),
  }),
  title: ({ name }) => name,
  content: ({ id, name, department, size, prices, wellRated, products, page, pages }) => (
    <>
      <p class="soft">{department}</p>
      <h1>{name}</h1>
      <p class="soft">
        {formatCount(size)} products from {prices}; {formatCount(wellRated)} of them with 4 stars or more.
      </p>
      <ProductGrid products={products} />
      <Pager path={`/categories/${id}`} page={page} pages={pages} />
    </>
  ),
})

export const productPage = page({
  model: (product: ProductPage) => ({ ...card(product), related: cards(product.related) }),
  title: ({ name }) => name,
  content: (
    { id, name, category, price, rating, reviewCount, onHand, reservable, description, reviews, related },
    visitor,
  ) => (
    <>
      <p class="soft">
        {category.department} · <a href={`/categories/${category.id}`}>{category.name}</a>
      </p>
      <div class="product">
        <Picture id={id} />
        <div>
          <h1>{name}</h1>
          <p class="price">{price}</p>
          <p>
            <Stars rating={rating} reviewCount={reviewCount} />
          </p>
          <p>{description}</p>
          {onHand > 0 ? renderAddToCart(id, onHand, visitor) : <strong>Sold out</strong>}
          {reservable && onHand > 0 && renderReserveForm(id, visitor)}
        </div>
      </div>
      <h2>
        <a href={`/products/${id}/reviews`}>Reviews</a>
      </h2>
      {reviews.map(renderReview)}
      <h2>More {category.name}</h2>
      <ProductGrid products={related} />
    </>
  ),
})

/** A plain function, so that the form's token costs the page nothing on balance. */
const renderAddToCart = (id: number, onHand: number, visitor: Visitor) => (
  <>
    <p>{formatCount(onHand)} in stock</p>
    <form method="post" action="/cart/items">
      {renderFormToken(visitor)}
      <input type="hidden" name="product" value={id} />
      <label>
        Pieces <input type="number" name="quantity" value={1} min={1} max={MOST_PIECES} required />
      </label>
      <button type="submit">Add to cart</button>
    </form>
  </>
)

export const searchPage = page({
  model: ({ query, products }: SearchPage) => ({ query, products: cards(products) }),
  title: ({ query }) => `Search: ${query}`,
  content: ({ query, products }) => (
    <>
      <h1>
        {products.length === 0 ? 'Nothing found for' : 'Found for'} “{query}”
      </h1>
      {products.length === 0 ? (
        <p>
          Try another word, or look at the <a href="/best-sellers">best sellers</a>.
        </p>
      ) : (
        <p class="soft">The {products.length} most popular.</p>
      )}
      <ProductGrid products={products} />
    </>
  ),
})

export const bestSellersPage = page({
  model: ({ products, ordersCounted }: BestSellersPage) => ({ products: cards(products), ordersCounted }),
  title: () => 'Best sellers',
  content: ({ products, ordersCounted }) => (
    <>
      <h1>Best sellers</h1>
      <p class="soft">Counted over the latest {formatCount(ordersCounted)} orders.</p>
      <ProductGrid
        products={products}
        note={({ rank, units, buyers, revenueCents }) => (
          <span class="soft note">
            No. {rank}: {formatCount(units)} sold to {formatCount(buyers)} people, {formatCents(revenueCents)}
          </span>
        )}
      />
    </>
  ),
})
