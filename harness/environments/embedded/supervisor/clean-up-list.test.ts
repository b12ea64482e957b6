import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isRunning, processRef } from '../../process-tree.ts'
import { type CleanUpList, readCleanUpList, writeCleanUpList } from './clean-up-list.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clean-up-list-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const list: CleanUpList = {
  harness: { pid: 4711, startTicks: 1 },
  supervisor: null,
  processes: [{ pid: 4712, startTicks: 2, name: 'database', endWith: 'SIGQUIT' }],
  cgroups: ['/sys/fs/cgroup/cpu/doorbuster-4711-aB3/app-1', '/sys/fs/cgroup/cpu/doorbuster-4711-aB3'],
  files: ['/dev/shm/PostgreSQL.12345'],
}

test('what is written is read back, from one complete file', () => {
  writeCleanUpList(folder, list)
  expect(readCleanUpList(folder)).toEqual(list)
  expect(readdirSync(folder)).toHaveLength(1)
})

test.each([
  ['a folder that is no group of ours', { cgroups: ['/sys/fs/cgroup/cpu/system.slice'] }],
  ['a way out of it', { cgroups: ['/sys/fs/cgroup/../../etc/doorbuster-1/x'] }],
  ['a file that is not shared memory', { files: ['/etc/passwd'] }],
  ['process 1', { processes: [{ pid: 1, startTicks: 0, name: 'init', endWith: 'SIGTERM' }] }],
])('a list that names %s is no list of ours', (_what, change) => {
  writeCleanUpList(folder, { ...list, ...(change as Partial<CleanUpList>) })
  expect(readCleanUpList(folder)).toBeNull()
})

test('no list, no answer', () => {
  expect(readCleanUpList(folder)).toBeNull()
})

test.skipIf(process.platform !== 'linux')(
  'a later process with the same id is not taken for the listed one',
  () => {
    const self = processRef(process.pid)
    expect(isRunning(self)).toBe(true)
    expect(isRunning({ ...self, startTicks: self.startTicks! - 1 })).toBe(false)
  },
)
