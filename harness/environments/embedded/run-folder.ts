import { chmodSync, mkdirSync, mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { HarnessError } from '../../core/errors.ts'
import { processRef } from '../process-tree.ts'
import { writeCleanUpList } from './supervisor/clean-up-list.ts'

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

/** `true`, or that a run that is up has no disk space for so many replicas more. */
export function whetherRoomFor(moreReplicas: number): true | string {
  const neededBytes = moreReplicas * NEEDED_EACH_REPLICA_BYTES
  const freeBytes = free()
  if (moreReplicas <= 0 || freeBytes >= neededBytes) return true
  return `read replicas need about ${gigabytes(neededBytes)} of disk space more, ${gigabytes(freeBytes)} are free in ${tmpdir()}`
}

function free(): number {
  const { bavail, bsize } = statfsSync(tmpdir())
  return bavail * bsize
}

function checkFreeSpace(neededBytes: number): void {
  const freeBytes = free()
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
