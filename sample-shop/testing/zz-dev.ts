import { writeFileSync } from 'node:fs'
import { startTestPostgres } from './postgres.ts'

const p = await startTestPostgres()
writeFileSync('/tmp/pgdev.url', p.url)
console.log(p.url, process.pid)
process.on('SIGTERM', async () => {
  await p.remove()
  process.exit(0)
})
setInterval(() => {}, 1e6)
