/** Most entries a data source may hold in memory: a range, a list, a file. */
export const MOST_ENTRIES = 1_000_000
