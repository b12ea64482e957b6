import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadScenario } from './scenario-file.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const TSX = import.meta.resolve('tsx')

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorbuster-scenarios-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function written(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const OWN = `
  import { defineScenario, journey, range, surge } from 'doorbuster'
  type Id = number
  const home: Id = 1
  export default defineScenario({
    name: 'own-shop', question: 'Does it hold?',
    traffic: surge.constant({ normal: '10/s', lasts: '60s' }),
    data: { product: range(home, 9) },
    shoppers: [journey('all', { weight: 1, thinkTime: '1s' }, async (shopper) => { await shopper.get('/') })],
    slo: { all: { p95: '< 300ms' } },
  })`

/** Loads as the command line does: in a Node process with tsx, from a folder of the user's. */
async function loadInProcess(pathOrName: string, cwd = folder): Promise<Record<string, string>> {
  const loader = pathToFileURL(join(HERE, 'scenario-file.ts')).href
  const script = `
    const { loadScenario } = await import(${JSON.stringify(loader)})
    const shown = await loadScenario(process.argv[1]).then(
      ({ scenario, path, hash }) => ({ name: scenario.name, steps: typeof scenario.shoppers[0].steps, path, hash }),
      ({ code, message, where, hint }) => ({ code, message, where, hint }))
    process.stdout.write(JSON.stringify(shown))`
  const args = ['--import', TSX, '--input-type=module', '--eval', script, pathOrName]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd })
  return JSON.parse(stdout)
}

describe('by path, from outside the installation', () => {
  test('a TypeScript module imports from "doorbuster" without having it installed', async () => {
    await written('own.mts', OWN)
    expect(await loadInProcess('own.mts')).toEqual({
      name: 'own-shop',
      steps: 'function',
      path: join(folder, 'own.mts'),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('the hash is of the text: another text, another hash', async () => {
    await written('one.mts', OWN)
    await written('two.mts', `${OWN} // changed`)
    const [one, two] = [await loadInProcess('one.mts'), await loadInProcess('two.mts')]
    expect(one['hash']).not.toBe(two['hash'])
  })

  test('a .ts file that Node takes for CommonJS is told how to become a module', async () => {
    await written('common.ts', OWN)
    const { code, hint } = await loadInProcess('common.ts')
    expect([code, hint]).toEqual(['invalid-scenario', expect.stringContaining('.mts')])
  })
})

describe('data files', () => {
  const FED = OWN.replace('{ defineScenario,', '{ csv, defineScenario, generate, json,').replace(
    'range(home, 9)',
    "range(home, 9), user: csv('data/users.csv'), coupon: json('coupons.json'), token: generate((n) => -n)",
  )
  const write = async (users: string, coupons: string) => {
    await mkdir(join(folder, 'data'), { recursive: true })
    await written('data/users.csv', users)
    await written('coupons.json', coupons)
    await written('fed.mts', FED)
  }

  test('are found beside the scenario, and are part of its hash', async () => {
    await write('email\na@x\n', '["A"]')
    const before = await loadInProcess('fed.mts')
    expect(before).toMatchObject({ name: 'own-shop' })
    // From another folder it is the same scenario.
    expect(await loadInProcess(join(folder, 'fed.mts'), tmpdir())).toEqual(before)
    const hashes = [before['hash']]
    for (const [users, coupons] of [
      ['email\nb@x\n', '["A"]'],
      ['email\na@x\n', '["B"]'],
    ] as const) {
      await write(users, coupons)
      hashes.push((await loadInProcess('fed.mts'))['hash'])
    }
    expect(new Set(hashes).size).toBe(3)
  })

  test('that are wrong are problems like any other, all at once', async () => {
    await write('email,name\na@x\n', '["A",]')
    const { code, message } = await loadInProcess('fed.mts')
    expect(code).toBe('invalid-scenario')
    expect(message).toMatch(/^2 problems in fed\.mts:\n/)
    expect(message).toMatch(/data\.user: expected 2 columns .*, got 1 in line 2/)
    expect(message).toMatch(/data\.coupon: expected valid JSON .* in line 1/)
  })

  test('a scenario without any has the hash of its text, as it always had', async () => {
    await written('plain.mts', OWN)
    const text = createHash('sha256').update(OWN).digest('hex')
    expect((await loadInProcess('plain.mts'))['hash']).toBe(text)
  })
})

describe('what is wrong is an invalid-scenario error that says what, where and how', () => {
  const invalid = (parts: object) =>
    expect.objectContaining({ code: 'invalid-scenario', exitCode: 2, ...parts })

  test('an unknown name, with the nearest and all known ones', async () => {
    await expect(loadScenario('blak-friday')).rejects.toEqual(
      invalid({
        message: expect.stringContaining('did you mean "black-friday"'),
        hint: expect.stringMatching(/black-friday, cyber-monday, flash-sale/),
      }),
    )
  })

  test('a folder and a file of another kind', async () => {
    await expect(loadScenario(folder)).rejects.toEqual(
      invalid({ message: expect.stringContaining('no scenario') }),
    )
    const path = await written('scenario.yaml', 'name: x')
    await expect(loadScenario(path)).rejects.toEqual(
      invalid({ message: expect.stringContaining('not a module') }),
    )
  })

  test('a module that exports nothing by default', async () => {
    const path = await written('nothing.mjs', 'export const scenario = {}')
    await expect(loadScenario(path)).rejects.toEqual(
      invalid({ where: path, message: expect.stringContaining('export default defineScenario') }),
    )
  })

  test('every problem of a scenario, counted', async () => {
    const path = await written(
      'bad.mjs',
      "export default { name: 'Bad', seed: -1, slo: { all: { p95: 'fast' } } }",
    )
    await expect(loadScenario(path)).rejects.toEqual(
      invalid({ where: path, message: expect.stringMatching(/^6 problems in bad\.mjs:\n(.*\n){5}.*$/) }),
    )
  })

  test('a module that throws, does not parse, or imports what is not there', async () => {
    const throwing = await written('throws.mjs', "throw new Error('not today')")
    const broken = await written('broken.mjs', 'export default {')
    const lost = await written('lost.mjs', "import 'no-such-package-anywhere'")
    await expect(loadScenario(throwing)).rejects.toEqual(
      invalid({ message: expect.stringContaining('not today') }),
    )
    await expect(loadScenario(broken)).rejects.toEqual(invalid({ where: broken }))
    expect(await loadInProcess(lost)).toMatchObject({
      code: 'invalid-scenario',
      hint: expect.stringContaining('"no-such-package-anywhere"'),
    })
  })
})
