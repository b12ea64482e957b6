import { chmodSync, mkdirSync, mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { HarnessError } from '../../core/errors.ts'
import { writeCleanUpList } from './supervisor/clean-up-list.ts'
import { processRef } from './supervisor/process-tree.ts'

/** Cluster 40 MB, copy of the binaries 60 MB, write-ahead log up to 1 GB, seeded data twice, logs. */
const NEEDED_BYTES = 1.5e9
/** Of a replica, the same without the binaries and the logs. */
const NEEDED_EACH_REPLICA_BYTES = 1.3e9

export type RunFolder = { readonly path: string; readonly run: string }

/** Makes the run's temporary folder, `doorbuster-<pid>-…`; throws when the disk has too little room for a run. */
export function makeRunFolder(replicas: number): RunFolder {
  checkFreeSpace(NEEDED_BYTES + replicas * NEEDED_EACH_REPLICA_BYTES)
  const path = mkdtempSync(join(tmpdir(), `doorbuster-${process.pid}-`))
  // Postgres' unprivileged user passes through to its data, and sees nothing else.
  chmodSync(path, 0o711)
  for (const part of ['logs', 'bundles']) mkdirSync(join(path, part), { mode: 0o700 })
  writeCleanUpList(path, {
    harness: processRef(process.pid),
    supervisor: null,
    processes: [],
    cgroups: [],
    files: [],
  })
  return { path, run: basename(path).replace(/^doorbuster-/, '') }
}

function checkFreeSpace(neededBytes: number): void {
  const { bavail, bsize } = statfsSync(tmpdir())
  const freeBytes = bavail * bsize
  if (freeBytes >= neededBytes) return
  throw new HarnessError({
    code: 'environment',
    message: `a run needs about ${gigabytes(neededBytes)} of disk space, ${gigabytes(freeBytes)} are free`,
    where: tmpdir(),
    hint: 'free some, or let TMPDIR name a folder on a larger disk',
  })
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
