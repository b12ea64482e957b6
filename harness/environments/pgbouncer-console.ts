import { HarnessError } from '../core/errors.ts'
import { CONSOLE_DATABASE, CONSOLE_USER } from './pgbouncer-config.ts'
import { type DatabaseServer, databaseUrl, openConnection, SHOP_DATABASE } from './postgres-connection.ts'

/** Where PgBouncer's console is. */
export function consoleUrl(pooler: DatabaseServer): string {
  return databaseUrl(pooler, CONSOLE_USER, CONSOLE_DATABASE)
}

/** Gives PgBouncer an order; rejects with its answer when it refuses. */
async function order(pooler: DatabaseServer, command: string): Promise<void> {
  const { query, close } = await openConnection(consoleUrl(pooler))
  try {
    await query(command)
  } catch (error) {
    throw new HarnessError({
      code: 'environment',
      message: `PgBouncer refused "${command}": ${error instanceof Error ? error.message : String(error)}`,
      where: 'pooler',
      hint: 'PgBouncer 1.18 or newer is needed; or use topology.pooler.kind=none',
      cause: error,
    })
  } finally {
    await close()
  }
}

/** Whether it answers. */
export function answers(pooler: DatabaseServer): Promise<boolean> {
  return order(pooler, 'show version').then(
    () => true,
    () => false,
  )
}

/** Does something to the database while the pooler has no connection to it, nor tries to get one. */
export async function withoutPooled<T>(pooler: DatabaseServer, work: () => Promise<T>): Promise<T> {
  await order(pooler, `kill ${SHOP_DATABASE}`)
  try {
    return await work()
  } finally {
    await order(pooler, `resume ${SHOP_DATABASE}`)
  }
}
