import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HarnessError } from './core/errors.ts'
import { buildRun, recordLines } from './core/testing/build-run.ts'
import { createRun, openRun, parseRun } from './store.ts'

let reports: string
beforeEach(() => {
  reports = mkdtempSync(join(tmpdir(), 'doorbuster-store-'))
})
afterEach(() => rmSync(reports, { recursive: true, force: true }))

const lines = () => recordLines(buildRun({ segments: [{ perSec: 5, durationSec: 2 }] }))
const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 15, minute))

function writeRun(name: string, now: Date) {
  const folder = createRun({ reports, out: null, name, now })
  for (const line of lines()) folder.write(line)
  folder.publish()
  folder.close()
  return folder
}

test('what was written is read back, by id, by latest, by path and by file', () => {
  const folder = writeRun('black-friday', at(0))
  expect(folder.id).toBe('20261122-150000-black-friday')
  for (const ref of [folder.id, 'latest', folder.path, join(folder.path, 'record.ndjson')]) {
    expect(openRun(reports, ref).run.header).toEqual(lines()[0])
  }
  expect(readlinkSync(join(reports, 'latest'))).toBe(folder.id)
})

test('what other programs said is kept without the passwords in it', () => {
  const folder = createRun({ reports, out: null, name: 'secrets', now: at(0) })
  const said = 'could not connect to postgres://shop:geheim@db/shop'
  folder.write({ kind: 'event', atUs: 1, name: 'note', detail: said })
  folder.write({ kind: 'arm-failed', atUs: 2, fixes: [], when: 'standing-up', reason: said })
  folder.write({ kind: 'end', atUs: 3, exitCode: 4, reason: said })
  folder.close()
  const written = readFileSync(join(folder.path, 'record.ndjson'), 'utf8')
  expect(`${written}${JSON.stringify(folder.lines)}`).not.toContain('geheim')
  expect(written.match(/postgres:\/\/shop:\*\*\*@db\/shop/g)).toHaveLength(3)
})

test('latest~1 is the run before the newest', () => {
  const first = writeRun('one', at(0))
  writeRun('two', at(1))
  expect(openRun(reports, 'latest~1').path).toBe(first.path)
  expect(() => openRun(reports, 'latest~2')).toThrow(/no run "latest~2"/)
})

test('two runs in the same second do not share a folder', () => {
  expect(writeRun('same', at(0)).path).not.toBe(writeRun('same', at(0)).path)
})

test('a hostile scenario name stays inside the reports folder', () => {
  const folder = writeRun('../../etc/<script>\n', at(0))
  expect(folder.path.startsWith(join(reports, '2026'))).toBe(true)
  expect(folder.id).toMatch(/^[a-z0-9-]+$/)
})

test('a last line cut short by kill -9 is dropped, and the record reads as partial', () => {
  const text = lines().map((line) => JSON.stringify(line))
  const whole = parseRun(text.join('\n'), 'test')
  const cut = parseRun(`${text.slice(0, -1).join('\n')}\n${text.at(-1)!.slice(0, 20)}`, 'test')
  expect(whole.end).not.toBeNull()
  expect(cut.end).toBeNull()
  expect(cut.header).toEqual(whole.header)
})

test('an unreadable line in the middle is an error that names the line', () => {
  const text = lines().map((line) => JSON.stringify(line))
  text[1] = '{"kind":'
  expect(() => parseRun(text.join('\n'), 'somewhere')).toThrow(/line 2 is no line of a record/)
})

test.each([
  ['an empty file', ''],
  ['another format', '{"kind":"slot"}'],
  ['a later schema', JSON.stringify({ ...lines()[0], schema: 9 })],
])('%s is refused as a record, with a hint', (_, text) => {
  const refused = () => parseRun(text, 'somewhere')
  expect(refused).toThrow(HarnessError)
  expect(refused).toThrow(/not a Doorbuster record/)
})

test('an unknown run lists the runs there are', () => {
  const folder = writeRun('known', at(0))
  try {
    openRun(reports, 'unknown')
    expect.unreachable()
  } catch (error) {
    expect((error as HarnessError).hint).toContain(folder.id)
    expect((error as HarnessError).exitCode).toBe(2)
  }
})

test('a derived file is written whole or not at all', () => {
  const folder = createRun({ reports, out: null, name: 'x', now: at(0) })
  const path = folder.save('report.md', 'text')
  expect(readFileSync(path, 'utf8')).toBe('text')
  expect(existsSync(`${path}.part`)).toBe(false)
  folder.close()
})

test('a run is never written over anything, nor into a file', () => {
  const file = join(reports, 'a-file')
  writeFileSync(file, '')
  const older = join(reports, 'older')
  const packed = join(reports, 'packed-before')
  const foreign = join(reports, 'foreign')
  const createAt = (out: string) => createRun({ reports, out, name: 'x', now: at(0) })
  createAt(older).close()
  for (const [folder, name] of [
    [packed, 'record.ndjson.gz'],
    [foreign, 'report.html'],
  ] as const) {
    mkdirSync(folder)
    writeFileSync(join(folder, name), 'mine')
  }
  for (const [out, says] of [
    [older, 'a run is recorded there already'],
    [packed, 'a run is recorded there already'],
    [foreign, 'there is a report.html already'],
    [file, 'cannot write'],
    [join(file, 'below'), 'cannot write'],
  ] as const) {
    try {
      createAt(out)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'usage', exitCode: 2, where: out })
      expect((error as HarnessError).message).toContain(says)
      expect((error as HarnessError).hint).toContain('--out')
    }
  }
})

test('a run that ended before it measured anything makes room for the next, and no other does', () => {
  const recorded = (name: string, run: Parameters<typeof buildRun>[0]) => {
    const out = join(reports, name)
    const folder = createRun({ reports, out, name, now: at(0) })
    for (const line of recordLines(buildRun(run))) folder.write(line)
    folder.close()
    return () => createRun({ reports, out, name, now: at(1) })
  }
  const failed = { atUs: 5, exitCode: 4, reason: 'the target does not answer' }
  const warmUp = { purpose: 'warm-up', perSec: 5, durationSec: 2 } as const
  const again = recorded('failed', { segments: [warmUp], end: failed })()
  again.write(lines()[0]!)
  again.close()
  expect(readFileSync(join(again.path, 'record.ndjson'), 'utf8').trim().split('\n')).toHaveLength(1)
  for (const [name, run] of [
    ['measured', { segments: [{ perSec: 5, durationSec: 2 }], end: failed }],
    ['still-running', { segments: [], end: null }],
  ] as const)
    expect(recorded(name, run)).toThrow('a run is recorded there already')
})

test('reports that cannot be written are an environment error that says how to mend it', () => {
  const file = join(reports, 'no-folder')
  writeFileSync(file, '')
  try {
    createRun({ reports: file, out: null, name: 'x', now: at(0) })
    expect.unreachable()
  } catch (error) {
    expect(error).toMatchObject({ code: 'environment', exitCode: 4 })
    expect((error as HarnessError).hint).toContain('--out')
  }
})

test.skipIf(!existsSync('/proc/self'))(
  'a folder where none can be made is an error, not an endless wait',
  () => {
    const createAt = (out: string) => () => createRun({ reports: out, out, name: 'x', now: new Date() })
    expect(createAt('/proc/doorbuster/a/b')).toThrow(HarnessError)
  },
)

test('a packed record, in its folder or by itself, reads like any other', () => {
  const lines = recordLines(buildRun({ segments: [] }))
  const folder = join(reports, 'packed')
  mkdirSync(folder)
  const text = lines.map((line) => JSON.stringify(line)).join('\n')
  writeFileSync(join(folder, 'record.ndjson.gz'), gzipSync(text))
  expect(openRun(reports, folder).run.header.run).toBe('test-run')
  expect(openRun(reports, join(folder, 'record.ndjson.gz')).path).toBe(folder)
})

test('a damaged record says where, and what can still be read', () => {
  const good = JSON.stringify(recordLines(buildRun({ segments: [] }))[0])
  for (const bad of ['null', '5', '{"a":1}', '{"kind"']) {
    expect(() => parseRun(`${good}\n${bad}\n${good}\n`, 'x')).toThrow(/damaged: line 2/)
  }
  expect(() => parseRun('', 'x')).toThrow(/empty/)
})
