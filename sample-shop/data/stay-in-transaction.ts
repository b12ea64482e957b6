import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, inTransaction } from './database.ts'

/** How the flaw `idle-transaction` holds connections: in a transaction that outlasts a call to another service. */
export function stayInTransaction(database: Database, remoteMs: number): Database {
  return {
    ...database,
    hold: (spent, work) =>
      database.hold(spent, (connection) =>
        inTransaction(connection, async () => {
          const result = await work(connection)
          await sleep(remoteMs)
          return result
        }),
      ),
  }
}
