import type { QueryConfig } from 'pg'

/**
 * A query that is refused when it holds more than one statement: what stands behind a semicolon could end the transaction
 * it runs in, and do anything after that.
 */
export function oneStatement(text: string, values: readonly unknown[] = []): QueryConfig {
  // Named as pg reads it; its types do not know it.
  const config: QueryConfig & { readonly queryMode: 'extended' } = {
    text,
    values: [...values],
    queryMode: 'extended',
  }
  return config
}
