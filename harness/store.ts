import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type ErrorCode, HarnessError } from './core/errors.ts'
import { maskPasswords } from './core/mask-passwords.ts'
import type { HeaderLine, RecordLine } from './core/record.ts'
import { type RunData, readRun } from './core/run-data.ts'

/** A run's folder: `record.ndjson` grows as things happen; everything else is derived from it. */
export type RunFolder = {
  readonly id: string
  readonly path: string
  /** Lines written so far, for analysis while the run goes on. */
  readonly lines: readonly RecordLine[]
  write(line: RecordLine): void
  /** Writes a derived file beside the record, whole or not at all. */
  save(name: string, text: string): string
  /** Points `reports/latest` here. */
  publish(): void
  close(): void
}

const RECORD = 'record.ndjson'

/** Makes `<reports>/<id>/` (or `out` itself, when given) and starts its record. */
export function createRun(options: {
  readonly reports: string
  readonly out: string | null
  readonly name: string
  readonly now: Date
}): RunFolder {
  const id = options.out
    ? basename(resolve(options.out))
    : freeId(options.reports, runId(options.name, options.now))
  const path = options.out ? resolve(options.out) : join(options.reports, id)
  if (options.out !== null) checkFree(path)
  const descriptor = orFolderError(
    path,
    () => {
      makeFolder(path)
      return openSync(join(path, RECORD), 'wx')
    },
    // A folder of the user's own choosing that cannot be made is a mistake in the command.
    options.out === null ? 'environment' : 'usage',
  )
  const lines: RecordLine[] = []
  let closed = false
  return {
    id,
    path,
    lines,
    write(line) {
      if (closed) return
      const kept = withoutPasswords(line)
      lines.push(kept)
      // Synchronous, so that what happened before a kill -9 is in the file.
      orFolderError(path, () => writeAll(descriptor, `${JSON.stringify(kept)}\n`))
    },
    save(name, text) {
      const target = join(path, name)
      orFolderError(path, () => {
        writeFileSync(`${target}.part`, text)
        renameSync(`${target}.part`, target)
      })
      return target
    },
    publish() {
      if (!options.out) pointLatest(options.reports, id)
    },
    close() {
      if (closed) return
      closed = true
      closeSync(descriptor)
    },
  }
}

/** What another program said may be in the text of these. */
function withoutPasswords(line: RecordLine): RecordLine {
  switch (line.kind) {
    case 'event':
      return { ...line, detail: maskPasswords(line.detail) }
    case 'end':
    case 'arm-failed':
      return { ...line, reason: maskPasswords(line.reason) }
    default:
      return line
  }
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset)
}

function runId(name: string, now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const slug =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40) || 'run'
  return `${stamp}-${slug}`
}

function freeId(reports: string, id: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? id : `${id}-${n}`
    if (!existsSync(join(reports, candidate))) return candidate
  }
}

function pointLatest(reports: string, id: string): void {
  const link = join(reports, 'latest')
  const next = join(reports, `.latest-${process.pid}`)
  try {
    rmSync(next, { force: true })
    symlinkSync(id, next, 'dir')
    renameSync(next, link)
  } catch {
    // A file system without links: `latest` is then found by the newest folder name.
    rmSync(next, { force: true })
  }
}

/** What a run writes: where any of it lies already, it is somebody's. */
const WRITTEN = [RECORD, `${RECORD}.gz`, 'result.json', 'report.html', 'report.md'] as const

/** Nothing is written over, whoever wrote it, but the record of a run that ended before it measured anything. */
function checkFree(path: string): void {
  const all = WRITTEN.filter((name) => existsSync(join(path, name)))
  const [there] = all
  if (there === undefined) return
  if (all.length === 1 && there === RECORD && measuredNothing(join(path, RECORD))) {
    rmSync(join(path, RECORD))
    return
  }
  const isRun = there.startsWith(RECORD)
  throw new HarnessError({
    code: 'usage',
    message: isRun ? 'a run is recorded there already' : `there is a ${there} already`,
    where: path,
    hint: 'Give --out a folder that is empty or can be made.',
  })
}

/** More than this is no run that failed to start. */
const MOST_UNMEASURED_BYTES = 5_000_000

/** Whether a run came to its end without a surge or a step: it did not start. One without an end may still be running. */
function measuredNothing(record: string): boolean {
  const { size } = statSync(record)
  if (size === 0 || size > MOST_UNMEASURED_BYTES) return false
  try {
    const { end, segments, watched } = parseRun(readFileSync(record, 'utf8'), record)
    const measured = segments.some(({ line }) => line.purpose !== 'warm-up')
    return end !== null && end.exitCode !== 0 && !measured && watched === null
  } catch {
    // No record of ours: somebody's.
    return false
  }
}

function orFolderError<T>(path: string, act: () => T, code: ErrorCode = 'environment'): T {
  try {
    return act()
  } catch (cause) {
    throw new HarnessError({
      code,
      message: `cannot write the run's record: ${(cause as Error).message}`,
      where: path,
      hint: folderHint((cause as NodeJS.ErrnoException).code),
      cause,
    })
  }
}

function folderHint(code: string | undefined): string {
  switch (code) {
    case 'ENOSPC':
      return 'Free some disk space (a run needs about 20 MB), or write elsewhere with --out <folder>.'
    case 'EACCES':
    case 'EROFS':
    case 'EPERM':
      return 'Write elsewhere with --out <folder>.'
    default:
      return 'Write elsewhere with --out <folder>, and check that the path is a folder.'
  }
}

// ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Finds the run a `<ref>` means (run id, `latest`, `latest~1`, a path, `-` = standard input) and reads its record. */
export function openRun(
  reports: string,
  ref: string,
): { readonly path: string | null; readonly run: RunData } {
  if (ref === '-') return { path: null, run: parseRun(unpacked(readStandardInput()), 'standard input') }
  const record = findRecord(reports, ref)
  return { path: dirname(record), run: parseRun(unpacked(readFileSync(record)), record) }
}

/** The text of a record, whether it was packed by gzip or not. */
function unpacked(bytes: Buffer): string {
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
}

/** All of standard input. A pipe may have been made non-blocking before: then an empty one is waited for. */
function readStandardInput(): Buffer {
  const chunks: Buffer[] = []
  const chunk = Buffer.alloc(65_536)
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    try {
      const n = readSync(0, chunk)
      if (n === 0) return Buffer.concat(chunks)
      chunks.push(Buffer.from(chunk.subarray(0, n)))
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'EOF') return Buffer.concat(chunks)
      if (code !== 'EAGAIN') throw cause
      Atomics.wait(pause, 0, 0, 10)
    }
  }
}

function findRecord(reports: string, ref: string): string {
  const back = /^latest(?:~(\d+))?$/.exec(ref)
  const tried: string[] = []
  if (back) {
    const ids = runIds(reports)
    const id = ids[ids.length - 1 - Number(back[1] ?? 0)]
    if (id) return join(reports, id, RECORD)
    tried.push(reports)
  } else {
    const asPath = isAbsolute(ref) ? ref : resolve(ref)
    const folders = [asPath, join(reports, ref)]
    const packed = folders.map((folder) => join(folder, `${RECORD}.gz`))
    for (const candidate of [asPath, ...folders.map((folder) => join(folder, RECORD)), ...packed]) {
      if (existsSync(candidate) && statSync(candidate).isFile()) return candidate
      tried.push(candidate)
    }
  }
  const known = runIds(reports).slice(-5)
  throw new HarnessError({
    code: 'unknown-run',
    message: `no run "${ref}"`,
    where: tried.join(', '),
    hint:
      known.length > 0
        ? `Runs here: ${known.join(', ')} (the last one is "latest").`
        : 'No run has been made here yet: start one with "rehearse".',
  })
}

/** Ids of the runs in a folder, oldest first (ids begin with the time they were made). */
function runIds(reports: string): string[] {
  if (!existsSync(reports)) return []
  return readdirSync(reports)
    .filter((name) => /^\d{8}-\d{6}-/.test(name) && existsSync(join(reports, name, RECORD)))
    .sort()
}

/** Reads a record. A last line cut short (the writer was killed) is dropped; any other unreadable line is an error. */
export function parseRun(text: string, where: string): RunData {
  const texts = text.split('\n').filter((line) => line.trim() !== '')
  const lines: RecordLine[] = []
  for (const [index, line] of texts.entries()) {
    let parsed: unknown
    try {
      parsed = JSON.parse(line)
    } catch (cause) {
      if (index === texts.length - 1) break
      throw damaged(where, index, cause)
    }
    if (typeof (parsed as RecordLine | null)?.kind !== 'string') throw damaged(where, index)
    lines.push(parsed as RecordLine)
  }
  if (lines.length === 0) throw notARecord(where, 'it is empty')
  const header = lines[0] as HeaderLine | undefined
  if (header?.kind !== 'header') throw notARecord(where, 'its first line is no header')
  if (header.schema !== 1) throw notARecord(where, `its schema is ${header.schema}, this version reads 1`)
  const run = readRun(lines)
  if (!run) throw notARecord(where, 'it has no header')
  return run
}

function damaged(where: string, index: number, cause?: unknown): HarnessError {
  if (index === 0) return notARecord(where, 'its first line is no line of a record', cause)
  return new HarnessError({
    code: 'usage',
    message: `the record is damaged: line ${index + 1} is no line of a record`,
    where,
    hint: `What comes before it can be read: head -n ${index} <record> | … report -`,
    cause,
  })
}

function notARecord(where: string, because: string, cause?: unknown): HarnessError {
  return new HarnessError({
    code: 'usage',
    message: `not a Doorbuster record: ${because}`,
    where,
    hint: 'Give a run id, "latest", a run folder, or its record.ndjson.',
    cause,
  })
}

/** One folder after the other: Node's own `recursive` never returns where a folder cannot be made, as under /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path)
}
