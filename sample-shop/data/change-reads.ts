import type { Database } from './database.ts'
import type { Reads } from './replicas.ts'

type Ways = { readonly database: Database; readonly replicas: Reads | null }

/** Changes both ways to read alike, straight and through replicas: some flaws lie in how pages hold their connection. */
export function changeReads({ database, replicas }: Ways, change: (database: Database) => Database): Ways {
  if (!replicas) return { database: change(database), replicas }
  const through = (seeing: 'recent' | 'own-writes') =>
    change({ ...database, hold: (spent, work) => replicas.hold(seeing, spent, work) })
  const changed = { recent: through('recent'), 'own-writes': through('own-writes') }
  return {
    database: change(database),
    replicas: { ...replicas, hold: (seeing, spent, work) => changed[seeing].hold(spent, work) },
  }
}
