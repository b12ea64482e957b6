const euros = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })

export const CURRENCY = 'EUR'

/** Money for people: 129900 cents → "€1,299.00". */
export function formatCents(cents: number): string {
  return euros.format(cents / 100)
}
