import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

type Cruise = {
  readonly modules: number
  readonly violations: readonly { readonly rule: string; readonly from: string; readonly to: string }[]
}

/** What `npm run check:arrows` does, read as JSON. It exits with the number of violations, so a code is no failure. */
async function cruise(cwd: string): Promise<Cruise> {
  const bin = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [
    bin,
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    'harness',
    'sample-shop',
    'scenarios',
  ]
  const json = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { cwd, maxBuffer: 64e6 }, (error, stdout, stderr) =>
      stdout.startsWith('{') ? resolve(stdout) : reject(new Error(stderr || error?.message)),
    )
  })
  const { summary } = JSON.parse(json) as {
    summary: { totalCruised: number; violations: { rule: { name: string }; from: string; to: string }[] }
  }
  return {
    modules: summary.totalCruised,
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  }
}

test('the tree keeps to the arrows', { timeout: 60_000 }, async () => {
  const { modules, violations } = await cruise(ROOT)
  expect(violations).toEqual([])
  // A cruiser that cannot read TypeScript finds nothing wrong in nothing.
  expect(modules).toBeGreaterThan(20)
})

/** One violation of each rule: file, its text, the rule that must see it. */
const PLANTED: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['core-imports-only-core', 'harness/core/reads-a-file.ts', "export { readFileSync } from 'node:fs'"],
  ['core-imports-only-core', 'harness/core/knows-a-port.ts', "export type { Engine } from '../ports.ts'"],
  ['core-imports-only-core', 'harness/core/talks-http.ts', "export { fetch } from 'undici'"],
  ['core-is-tested-without-the-world', 'harness/core/wide.test.ts', "import '../planted-loop.ts'"],
  [
    'engines-know-only-ports-and-core',
    'harness/engines/planted/index.ts',
    "export * from '../../planted-loop.ts'",
  ],
  [
    'environments-know-only-ports-and-core',
    'harness/environments/planted/index.ts',
    "export * from '../../engines/planted/index.ts'",
  ],
  [
    'probes-know-only-ports-and-core',
    'harness/probes/planted.ts',
    "export * from '../engines/planted/index.ts'",
  ],
  [
    'balancer-know-only-ports-and-core',
    'harness/balancer/planted.ts',
    "export * from '../probes/planted.ts'",
  ],
  [
    'adapters-do-not-know-each-other',
    'harness/engines/second/index.ts',
    "export * from '../planted/index.ts'",
  ],
  ['only-main-names-adapters', 'harness/planted-loop.ts', "export * from './engines/planted/index.ts'"],
  ['ports-know-only-core', 'harness/ports.ts', "export * from './planted-loop.ts'"],
  ['reports-know-only-core', 'harness/report/planted.ts', "export * from '../planted-loop.ts'"],
  ['nothing-knows-the-bench', 'harness/planted-timer.ts', "export * from './bench/planted.ts'"],
  ['nothing-knows-the-cli', 'harness/planted-caller.ts', "export * from './cli/planted.ts'"],
  [
    'harness-does-not-know-the-shop',
    'harness/cli/planted.ts',
    "export * from '../../sample-shop/planted.ts'",
  ],
  [
    'shop-does-not-know-the-harness',
    'sample-shop/planted.ts',
    "export { HarnessError } from '../harness/core/errors.ts'",
  ],
  [
    'scenarios-know-only-the-public-api',
    'scenarios/planted.ts',
    "export { HarnessError } from '../harness/core/errors.ts'",
  ],
  [
    'scenarios-know-only-the-public-api',
    'scenarios/planted-node.ts',
    "export { readFileSync } from 'node:fs'",
  ],
  ['no-testing-in-production', 'harness/planted-shortcut.ts', "export * from './testing/planted.ts'"],
  ['no-development-packages-in-production', 'harness/testing-tool.ts', "export { test } from 'vitest'"],
  ['no-cycles', 'harness/ring-a.ts', "export * from './ring-b.ts'"],
  ['no-orphans', 'harness/forgotten.ts', 'export const forgotten = true'],
  ['everything-resolves', 'harness/lost.ts', "export * from './nowhere.ts'"],
]

describe('a planted violation is seen', () => {
  let folder = ''
  let violations: Cruise['violations'] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'doorbuster-arrows-'))
    for (const file of [
      '.dependency-cruiser.cjs',
      'tsconfig.json',
      'package.json',
      'harness/core/errors.ts',
      'harness/index.ts',
    ]) {
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await cp(join(ROOT, file), join(folder, file))
    }
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir')
    const support = [
      ['harness/ring-b.ts', "export * from './ring-a.ts'"],
      ['harness/testing/planted.ts', "export { test } from 'vitest'"],
      ['harness/bench/planted.ts', "export { HarnessError } from '../core/errors.ts'"],
      ['scenarios/good.ts', "export { defineScenario } from 'doorbuster'"],
    ] as const
    for (const [file, text] of [...support, ...PLANTED.map(([, file, text]) => [file, text] as const)]) {
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await writeFile(join(folder, file), `${text}\n`)
    }
    violations = (await cruise(folder)).violations
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  test.each(PLANTED)('%s: %s', (rule, file) => {
    expect(violations.filter(({ from }) => from === file).map((found) => found.rule)).toContain(rule)
  })

  test('and what is allowed is not', () => {
    expect(violations.filter(({ from }) => from === 'scenarios/good.ts')).toEqual([])
  })

  test('every rule has its planted violation', async () => {
    const config = (await import('../.dependency-cruiser.cjs' as string)) as {
      default: { forbidden: readonly { name: string }[] }
    }
    expect([...new Set(PLANTED.map(([rule]) => rule))].sort()).toEqual(
      config.default.forbidden.map(({ name }) => name).sort(),
    )
  })
})
