import { performance } from 'node:perf_hooks'
import pg from 'pg'
import { type Config, readConfig } from './config.ts'
import { seedStatements } from './data/seed-statements.ts'

/** Drops the shop's tables if they are there, creates them and fills them; the same SHOP_SEED gives the same rows. */
async function seed(config: Config): Promise<void> {
  const client = new pg.Client({ connectionString: config.databaseUrl })
  await client.connect()
  try {
    for (const statement of seedStatements(config)) await client.query(statement)
  } finally {
    await client.end()
  }
}

const startedAt = performance.now()
Promise.resolve()
  .then(() => readConfig(process.env))
  .then(seed)
  .then(
    () => process.stdout.write(`seeded in ${Math.round(performance.now() - startedAt)} ms\n`),
    (error: unknown) => {
      process.stderr.write(`seeding failed: ${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    },
  )
