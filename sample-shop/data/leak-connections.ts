import type { Database } from './database.ts'

const NEVER = new Promise<never>(() => {})

/** How the flaw `connection-leak` holds connections: of every so many answers, one keeps the connection it came over. */
export function leakConnections(database: Database, every: number): Database {
  let answers = 0
  return {
    ...database,
    hold(spent, work) {
      return new Promise((resolve, reject) => {
        const held = database.hold(spent, async (connection) => {
          resolve(await work(connection))
          answers++
          if (answers % every === 0) await NEVER
        })
        held.catch(reject)
      })
    },
  }
}
