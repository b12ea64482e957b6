/** A product as lists need it. */
export type Product = {
  readonly id: number
  readonly name: string
  readonly priceCents: number
  /** Mean of the reviews, 1 to 5, one decimal; 0 when there are none. */
  readonly rating: number
  readonly reviewCount: number
}

export type Category = { readonly id: number; readonly name: string; readonly department: string }

export type HomePage = {
  readonly products: readonly Product[]
  readonly categories: readonly Category[]
}

export type CategoryPage = Category & {
  readonly size: number
  readonly cheapestCents: number
  readonly dearestCents: number
  /** Products with a rating of 4 or better. */
  readonly wellRated: number
  readonly products: readonly Product[]
  readonly page: number
  readonly pages: number
}

export type Review = {
  readonly author: string
  readonly rating: number
  readonly body: string
  readonly writtenOn: string
}

export type ProductPage = Product & {
  readonly description: string
  readonly onHand: number
  readonly category: Category
  readonly reviews: readonly Review[]
  readonly related: readonly Product[]
  /** The page offers to reserve a piece; absent: it does not. */
  readonly reservable?: boolean
}

export type SearchPage = { readonly query: string; readonly products: readonly Product[] }

export type BestSeller = Product & {
  readonly rank: number
  readonly units: number
  readonly orders: number
  readonly buyers: number
  readonly revenueCents: number
}

export type BestSellersPage = { readonly products: readonly BestSeller[]; readonly ordersCounted: number }

export type NewProductsPage = { readonly products: readonly Product[] }

export type ReviewsPage = Pick<Product, 'rating' | 'reviewCount'> & {
  readonly product: Pick<Product, 'id' | 'name'>
  readonly reviews: readonly Review[]
  readonly page: number
  readonly pages: number
}
