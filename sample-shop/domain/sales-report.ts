/** What one category sold on one day. */
export type CategorySales = {
  readonly category: string
  readonly department: string
  readonly units: number
  readonly revenueCents: number
}

export type DaySales = {
  readonly day: string
  readonly units: number
  readonly revenueCents: number
  /** Most revenue first. */
  readonly categories: readonly CategorySales[]
}

/** Sales by day, latest first, and category. */
export type SalesReport = { readonly days: readonly DaySales[] }
