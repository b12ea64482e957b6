import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readBytes } from './read-bytes.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-bytes-'))
const path = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true }))

it('reads a file whole, through a link too', () => {
  const content = Buffer.alloc(300_000, 'abc')
  writeFileSync(path('file'), content)
  symlinkSync(path('file'), path('link'))
  for (const name of ['file', 'link']) {
    const read = readBytes(path(name))
    expect(read.ok && read.bytes.equals(content)).toBe(true)
  }
  writeFileSync(path('empty'), '')
  expect(readBytes(path('empty'))).toMatchObject({ ok: true, bytes: Buffer.alloc(0) })
})

it('refuses what is no file, and waits for nothing', () => {
  mkdirSync(path('folder'))
  execFileSync('mkfifo', [path('pipe')])
  symlinkSync(path('ring'), path('ring'))
  expect(readBytes(path('none'))).toMatchObject({ ok: false, got: 'none' })
  expect(readBytes(path('folder'))).toMatchObject({ ok: false, got: 'a folder' })
  expect(readBytes(path('pipe'))).toMatchObject({ ok: false, got: 'something that is no file' })
  expect(readBytes('/dev/zero')).toMatchObject({ ok: false, got: 'something that is no file' })
  expect(readBytes(path('ring'))).toMatchObject({ ok: false, got: 'ELOOP' })
})

it('refuses more than 64 MB', () => {
  writeFileSync(path('large'), '')
  truncateSync(path('large'), 64 * 2 ** 20 + 1)
  expect(readBytes(path('large'))).toMatchObject({ ok: false, got: '65 MB' })
})
