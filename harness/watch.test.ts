import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { assembleWatch } from './core/assemble/watched.ts'
import type { Environment, Probe, Running } from './ports.ts'
import { watch } from './watch.ts'

const reports = mkdtempSync(join(tmpdir(), 'doorbuster-watch-'))
afterAll(() => rmSync(reports, { recursive: true, force: true }))

let taken = 0
const environment: Environment = {
  up: async () =>
    ({
      endpoints: {},
      isolation: { means: 'none', bindsWithin: null, periodMs: null },
      query: async () => {
        throw new Error('no database')
      },
      down: async () => void taken++,
    }) as unknown as Running,
}
const probe: Probe = {
  name: 'database',
  intervalMs: 200,
  open: async (_, clock) => ({
    sample: async () => [
      {
        atUs: clock.nowUs(),
        probe: 'database',
        role: 'database',
        component: 'database',
        values: { sessionsActive: 1 },
      },
    ],
    close: async () => {},
  }),
}

const requestOf = (command: readonly string[], interrupt = new AbortController().signal) => ({
  environment,
  probes: [probe],
  command,
  attach: [],
  env: 'embedded',
  reports,
  out: null,
  interrupt,
  say: () => {},
})

describe('watching a load generator', () => {
  it('samples before it and while it runs, and records how it ended, but not what it was told', async () => {
    const { run, text } = await watch(
      requestOf(['sh', '-c', 'sleep 1.2; exit 99 # s3cret']),
      (folder, run) => ({
        run,
        text: readFileSync(join(folder.path, 'record.ndjson'), 'utf8'),
      }),
    )
    expect(run.watched).toMatchObject({ program: 'sh', exitCode: 99 })
    const { startUs, endUs } = run.watched!
    expect(endUs - startUs).toBeGreaterThan(1.2e6)
    expect(run.series.some(({ atUs }) => atUs < startUs)).toBe(true)
    expect(run.series.filter(({ atUs }) => atUs > startUs && atUs < endUs).length).toBeGreaterThan(3)
    expect(text).not.toContain('s3cret')
  })

  it('says first how one ended that hardly began, also where nothing was read meanwhile', async () => {
    const said: string[] = []
    const request = {
      ...requestOf(['sh', '-c', 'exit 7']),
      probes: [],
      say: (text: string) => said.push(text),
    }
    const result = await watch(request, (_, run) => assembleWatch(run))
    expect(said.at(-1)).toMatch(/^sh ended with 7 after 0\.\d s$/)
    expect(result?.headline).toMatch(/^sh ended with 7 after 0\.\d s: nothing was read while it ran/)
    expect(result?.exit).toEqual({ code: 3, meaning: expect.stringMatching(/^sh ended with 7 after/) })
  })

  it('interrupts it first, and still answers', async () => {
    const interrupt = new AbortController()
    const asked = watch(
      requestOf(['sh', '-c', 'trap "exit 7" INT; sleep 30 & wait'], interrupt.signal),
      (_, run) => run,
    )
    setTimeout(() => interrupt.abort(), 5500)
    expect((await asked).watched).toMatchObject({ exitCode: 7 })
  })

  it('takes everything down when it cannot be started', async () => {
    const before = taken
    await expect(watch(requestOf(['no-such-generator']), () => null)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('no-such-generator'),
    })
    expect(taken).toBe(before + 1)
  })
})
