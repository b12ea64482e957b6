import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Batch } from '../../../engines/open-loop/drive-plan.ts'
import { createRun } from '../../../store.ts'
import { startChild } from './child.ts'

/** The harness's side: takes what the engine tells, and writes it to a real record, which it keeps in memory as well. */
type Told = { readonly batch: Batch } | { readonly requests: number; readonly rssMb: number }

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bench-'))
const run = createRun({ reports: folder, out: join(folder, 'run'), name: 'memory', now: new Date() })
const engine = await startChild<Told>('./memory-process.ts', process.argv.slice(2))
let slots = 0
let rssMb = 0
for (let told = engine.said; ; told = (await engine.next()) as Told) {
  rssMb = Math.max(rssMb, process.memoryUsage.rss() / 2 ** 20)
  if ('batch' in told) {
    for (const slot of told.batch.slots) {
      slots++
      run.write({ kind: 'slot', segment: 0, ...slot })
    }
    for (const reading of told.batch.series) run.write({ kind: 'series', ...reading })
    continue
  }
  run.close()
  const recordMb = statSync(join(folder, 'run', 'record.ndjson')).size / 1e6
  rmSync(folder, { recursive: true, force: true })
  process.send?.({ requests: told.requests, slots, engineMb: told.rssMb, harnessMb: rssMb, recordMb })
  process.disconnect()
  break
}
