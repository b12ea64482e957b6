import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { command } from './testing/command.ts'

const reports = mkdtempSync(join(tmpdir(), 'doorbuster-refused-faults-'))
afterAll(() => rmSync(reports, { recursive: true, force: true }))

it.each([
  [
    'a server that there is not',
    ['--set', 'topology.app.instances=1'],
    'balancer, app-1, database, got "app-2"',
  ],
  ['containers', ['--env', 'compose'], 'none can be done in containers'],
  ['a site of somebody', ['--target', 'http://localhost:3000'], 'a system that Doorbuster did not start'],
])('faults on %s are refused before anything starts', async (_, args, says) => {
  const { code, stderr } = await command(['rehearse', 'lost-server', ...args], { reports }).ended
  expect(stderr).toContain(says)
  expect(code).toBe(2)
  expect(readdirSync(reports)).toEqual([])
})
