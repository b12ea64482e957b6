/**
 * Values that journeys draw from: a range, the rows of a file, what a function makes. Entries are made or looked up one
 * at a time and shared by all shoppers, so a draw costs the same however many there are.
 */
export type Feeder = {
  /** How many entries there are, at least 1; `Infinity`: it never runs out. */
  readonly count: number
  /** The entry at a whole number from 0 to count − 1; the same index always gives the same value. */
  at(index: number): unknown
}
