import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { HarnessError } from './core/errors.ts'
import { ownSiteScenario, writeTemporarily } from './own-site-scenario.ts'
import { loadScenario } from './scenario-file.ts'

const SITE = { target: 'http://localhost:3000', normal: '5/s', peak: '12x', lasts: '45s' }

it('writes a scenario that can be loaded, whatever the paths look like', async () => {
  const gets = ['/', '/products/42', "/search?q=it's", '/a:b', '/back\\slash']
  const text = ownSiteScenario({ ...SITE, gets })
  // The hook that finds 'doorbuster' from anywhere is Node's, and tests are not loaded by Node.
  const publicApi = new URL('./index.ts', import.meta.url).href
  const { path, remove } = writeTemporarily(text.replace("'doorbuster'", `'${publicApi}'`))
  try {
    const { scenario } = await loadScenario(path)
    expect(scenario).toMatchObject({
      name: 'site-localhost-3000',
      traffic: { normalPerSec: 5, peakPerSec: 60 },
      sideEffectsStubbed: false,
      slo: { all: { p95Ms: 500, errorRatio: 0.01 } },
    })
    const asked: string[] = []
    const shopper = { get: async (page: string) => void asked.push(page) }
    await scenario.shoppers[0]!.steps(shopper as never)
    expect(asked).toEqual(['/', '/products/42', '/search?q=it%27s', '/a%3Ab', '/back%5Cslash'])
  } finally {
    remove()
  }
})

it('refuses what is no path of a page', () => {
  expect(() => ownSiteScenario({ ...SITE, gets: ['products'] })).toThrow(HarnessError)
  expect(() => ownSiteScenario({ ...SITE, gets: ['//elsewhere.example/'] })).toThrow(HarnessError)
})

it('leaves no scenario behind when its process leaves at once, nor one of a process that was killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-leftovers-'))
  try {
    const { pid: dead } = spawnSync(process.execPath, ['-e', ''])
    const left = (name: string, minutesAgo: number) => {
      const path = join(folder, name)
      mkdirSync(path)
      const at = new Date(Date.now() - minutesAgo * 60_000)
      utimesSync(path, at, at)
    }
    left(`doorbuster-scenario-${dead}-killed`, 20)
    left(`doorbuster-scenario-${dead}-justNow`, 0)
    left(`doorbuster-scenario-${process.pid}-alive`, 20)
    left('doorbuster-other', 20)
    const own = JSON.stringify(fileURLToPath(new URL('./own-site-scenario.ts', import.meta.url)))
    const script = `import { writeTemporarily } from ${own}
console.log(writeTemporarily('').path)
process.exit(130)`
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        env: { ...process.env, TMPDIR: folder },
        encoding: 'utf8',
        cwd: fileURLToPath(new URL('..', import.meta.url)),
      },
    )
    expect(status).toBe(130)
    expect(stdout).toContain(join(folder, 'doorbuster-scenario-'))
    expect(existsSync(stdout.trim())).toBe(false)
    const ours = readdirSync(folder).filter((name) => name.startsWith('doorbuster-'))
    expect(ours.sort()).toEqual(
      [
        'doorbuster-other',
        `doorbuster-scenario-${dead}-justNow`,
        `doorbuster-scenario-${process.pid}-alive`,
      ].sort(),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
