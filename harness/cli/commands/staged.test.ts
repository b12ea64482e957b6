import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { assembleWhatIf } from '../../core/assemble/single.ts'
import { HarnessError } from '../../core/errors.ts'
import { DEFAULT_TOPOLOGY } from '../../core/topology.ts'
import type { Engine, Environment, Running } from '../../ports.ts'
import type { Context } from '../context.ts'
import { runStaged } from './staged.ts'

const reports = mkdtempSync(join(tmpdir(), 'doorbuster-staged-'))
afterAll(() => rmSync(reports, { recursive: true, force: true }))

const scenario = fileURLToPath(new URL('../testing/small-surge.ts', import.meta.url))

/** A command on a system that comes up, does nothing, and goes down so. */
async function ended(down: () => Promise<void>) {
  const said = { out: '', err: '' }
  const running = {
    url: 'http://shop.test',
    topology: DEFAULT_TOPOLOGY,
    isolation: { means: 'none', bindsWithin: null, periodMs: null },
    endpoints: {
      database: () => null,
      replicas: () => [],
      apps: () => [],
      balancer: () => null,
      meter: async () => [],
    },
    query: async () => [],
    onDeath: () => {},
    adopt: async () => {},
    down,
  } as unknown as Running
  const silent = { phase() {}, live() {}, say() {}, expect() {}, stop() {} }
  const context = {
    adapters: {
      environment: (): Environment => ({ up: async () => running }),
      engine: () => ({ open: async () => ({ pid: 1 }), close: async () => {} }) as unknown as Engine,
      probes: [],
      sampleShop: { name: 'shop', command: [], env: {}, cwd: '.', readyPath: '/' },
    },
    options: {
      env: 'embedded',
      attach: {
        gets: [],
        ownedHosts: [],
        prometheus: [],
        replica: [],
        target: null,
        postgres: null,
        postgresCores: null,
        haproxyStats: null,
        pgbouncer: null,
        redis: null,
        allowDdl: false,
      },
      set: [],
      seed: null,
      budgetSec: 60,
      quick: false,
      out: null,
      open: false,
      json: false,
    },
    reports,
    interrupt: new AbortController().signal,
    startedAtMs: performance.now(),
    stdout: (text: string) => {
      said.out += text
    },
    stderr: (text: string) => {
      said.err += text
    },
    progress: () => silent,
    colour: false,
    columns: 200,
  } as unknown as Context
  const command = {
    name: 'whatif',
    scenario,
    budgetSec: { full: 60, quick: 60 },
    act: async () => {},
    assemble: assembleWhatIf,
  }
  const error = await runStaged(context, command).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  return { ...said, error }
}

it('names the report and a command that can be typed, for whatif as for rehearse', async () => {
  const { out, error } = await ended(async () => {})
  expect(error).toBeNull()
  expect(out).toMatch(new RegExp(`report ${reports}/[^ ]+/report\\.html`))
  expect(out).toMatch(/next: \w+ \S*small-surge\.ts/)
})

it('says where the report is when an error came after it was written', async () => {
  const { err, error } = await ended(async () => {
    throw new HarnessError({ code: 'environment', message: 'a lever could not be undone' })
  })
  expect(error).toMatchObject({ code: 'environment' })
  expect(err).toMatch(new RegExp(`the report was written before that: ${reports}/[^ ]+/report\\.html`))
})
