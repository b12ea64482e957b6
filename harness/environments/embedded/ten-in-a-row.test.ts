import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runScript } from './testing/run-script.ts'
import type { UpAndDown } from './testing/up-and-down.ts'

const TIMES = 10
const upAndDown = fileURLToPath(new URL('testing/up-and-down.ts', import.meta.url))

test.skipIf(process.platform !== 'linux')(
  'ten environments up and down in a row leave nothing, and nothing that their process holds grows',
  // Some three seconds each on an idle machine, many on one that others use.
  { timeout: 240_000 },
  async () => {
    // A temporary folder of its own: whatever lies in it afterwards, they left. Postgres' user passes through.
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-'))
    chmodSync(folder, 0o711)
    const { child, nextLine } = runScript(upAndDown, [String(TIMES)], { env: { TMPDIR: folder } })
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
    try {
      const rounds: UpAndDown[] = []
      while (rounds.length < TIMES) rounds.push(JSON.parse(await nextLine()))
      expect(rounds.map(({ left }) => left)).toEqual(rounds.map(() => []))
      const [first, last] = [rounds[0]!.held, rounds.at(-1)!.held]
      expect(first.temporary.filter((name) => name.startsWith('doorbuster'))).toEqual([])
      // What is opened once (a bundler at the ready, a cache of compiled files) the first one has opened.
      expect(last).toEqual(first)
      // It has nothing left to wait for.
      expect(await ended).toBe(0)
    } finally {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
