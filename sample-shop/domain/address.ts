/** Where an order goes. */
export type Address = {
  readonly name: string
  readonly street: string
  readonly postcode: string
  readonly city: string
  readonly country: Country
}

/** Where the shop delivers, by ISO 3166 code. */
export const COUNTRIES = {
  AT: 'Austria',
  BE: 'Belgium',
  CZ: 'Czechia',
  DE: 'Germany',
  DK: 'Denmark',
  ES: 'Spain',
  FI: 'Finland',
  FR: 'France',
  IE: 'Ireland',
  IT: 'Italy',
  LU: 'Luxembourg',
  NL: 'Netherlands',
  PL: 'Poland',
  PT: 'Portugal',
  SE: 'Sweden',
} as const

export type Country = keyof typeof COUNTRIES
