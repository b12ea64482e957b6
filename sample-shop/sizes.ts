/**
 * How much data SHOP_SIZE seeds; a single knob still goes over it. S (some 27 MB with indexes) fits any cache. M is
 * ten times that and outgrows Postgres' default of 128 MB, so that reads begin to cost; L is ten times M, for disks.
 */
export const SIZES = {
  S: { products: 10_000, reviews: 50_000, pastOrders: 40_000 },
  M: { products: 100_000, reviews: 500_000, pastOrders: 400_000 },
  L: { products: 1_000_000, reviews: 5_000_000, pastOrders: 4_000_000 },
} as const
