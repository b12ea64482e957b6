import { readFileSync } from 'node:fs'
import pg from 'pg'

const c = new pg.Client({ connectionString: readFileSync('/tmp/pgdev.url', 'utf8') })
await c.connect()
for (const q of process.argv.slice(2)) {
  try {
    const r = await c.query(q)
    if (r.fields?.[0]?.name === 'QUERY PLAN') console.log(r.rows.map((x) => x['QUERY PLAN']).join('\n'))
    else console.table(r.rows)
  } catch (e) {
    console.log(String(e))
  }
}
await c.end()
