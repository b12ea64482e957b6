import type { Config } from '../config.ts'
import { ShopError } from '../domain/shop-error.ts'
import type { Database } from './database.ts'

/**
 * How the flaw `retry-without-budget` reads: work that failed or takes long is begun again at once. What was begun
 * before is not given up: it keeps its connection, or its place in the queue for one, and the first answer counts.
 */
export function retryAtOnce(database: Database, config: Pick<Config, 'retries' | 'retryAfterMs'>): Database {
  return {
    ...database,
    hold(spent, work) {
      return new Promise((resolve, reject) => {
        let answered = false
        let begun = 0
        let underWay = 0
        function begin(): void {
          begun++
          underWay++
          let followed = begun > config.retries
          const follow = () => {
            if (followed || answered) return
            followed = true
            begin()
          }
          const slow = setTimeout(follow, config.retryAfterMs)
          database
            .hold(spent, work)
            .then(
              (result) => {
                answered = true
                resolve(result)
              },
              (error: unknown) => {
                underWay--
                if (isRefusal(error)) answered = true
                follow()
                if (underWay === 0 || answered) reject(error)
              },
            )
            .finally(() => clearTimeout(slow))
        }
        begin()
      })
    },
  }
}

/** Asking again cannot help: there is no such page. */
function isRefusal(error: unknown): boolean {
  return error instanceof ShopError && error.status < 500
}
