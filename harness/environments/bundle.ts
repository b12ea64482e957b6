import { join } from 'node:path'
import { type BuildFailure, build, formatMessages } from 'esbuild'
import { HarnessError } from '../core/errors.ts'

/** Packages written for CommonJS call `require` and read `__dirname`, which an ES module does not have. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module'",
  "import { fileURLToPath as __toPath } from 'node:url'",
  "import { dirname as __toFolder } from 'node:path'",
  'const require = __createRequire(import.meta.url)',
  'const __filename = __toPath(import.meta.url)',
  'const __dirname = __toFolder(__filename)',
].join('\n')

/**
 * Bundles a TypeScript or JavaScript program into one plain file of the run's folder, so that each start costs no
 * compile time; gives the file's path. `.sql`, `.css`, `.html` and `.svg` imports become text.
 */
export async function bundle(entry: string, folder: string, name: string): Promise<string> {
  const outfile = join(folder, 'bundles', `${name}.mjs`)
  try {
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: false,
      logLevel: 'silent',
      // An optional binding of `pg` that is loaded only where it is installed and asked for.
      external: ['pg-native'],
      loader: { '.sql': 'text', '.css': 'text', '.html': 'text', '.svg': 'text' },
      banner: { js: BANNER },
    })
    return outfile
  } catch (cause) {
    const errors = (cause as Partial<BuildFailure>).errors ?? []
    const told = await formatMessages([...errors], { kind: 'error' })
    throw new HarnessError({
      code: 'environment',
      message: `${entry} cannot be bundled:\n${told.join('').trim() || String(cause)}`,
      where: entry,
      hint: 'mend the file, or give AppSpec no `entry` and start the app by a command of its own',
      cause,
    })
  }
}
