import { HarnessError } from '../../../core/errors.ts'
import { databaseUrl, openConnection } from '../../postgres-connection.ts'
import { CONSOLE_DATABASE, CONSOLE_USER } from './render-pgbouncer.ts'

/** Where PgBouncer's console is. */
export function consoleUrl(port: number): string {
  return databaseUrl({ port }, CONSOLE_USER, CONSOLE_DATABASE)
}

/** Gives PgBouncer an order; rejects with its answer when it refuses. */
export async function order(port: number, command: string): Promise<void> {
  const { query, close } = await openConnection(consoleUrl(port))
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
export function answers(port: number): Promise<boolean> {
  return order(port, 'show version').then(
    () => true,
    () => false,
  )
}
