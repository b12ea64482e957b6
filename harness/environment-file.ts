import { existsSync, statSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { HarnessError } from './core/errors.ts'
import { resolveOwnName } from './own-name.ts'
import type { AppSpec } from './ports.ts'

/** An app of one's own behind the embedded balancer and database, as an environment file describes it. */
const appInput = z.strictObject({
  name: z.string().min(1).max(60),
  command: z.array(z.string().min(1)).min(1),
  entry: z.string().optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  cwd: z.string().optional(),
  readyPath: z.string().startsWith('/'),
  metricsPath: z.string().startsWith('/').optional(),
  seed: z
    .strictObject({ command: z.array(z.string().min(1)).min(1), entry: z.string().optional() })
    .optional(),
})

const environmentInput = z.strictObject({ app: appInput })

/** What `defineEnvironment` takes. Paths are relative to the file they stand in. */
export type EnvironmentInput = z.input<typeof environmentInput>

/**
 * Loads the file given with `--env` and returns its app. The file's default export is `defineEnvironment({ app: … })`.
 * Rejects with a usage error that lists every problem.
 */
export async function loadEnvironmentFile(path: string): Promise<AppSpec> {
  const file = resolve(path)
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new HarnessError({
      code: 'usage',
      message: `no environment file "${path}"`,
      where: '--env',
      hint: 'Give "embedded" for the sample shop, or the path of a file that default-exports defineEnvironment({ app: { … } }).',
    })
  }
  let module: { readonly default?: unknown }
  try {
    resolveOwnName(file)
    module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown }
  } catch (cause) {
    throw new HarnessError({
      code: 'usage',
      message: `the environment file does not load: ${(cause as Error).message}`,
      where: file,
      hint: 'Mend the file; it is imported as a module.',
      cause,
    })
  }
  const read = environmentInput.safeParse(module.default)
  if (!read.success) {
    const problems = read.error.issues.map(
      (issue) => `${issue.path.join('.') || 'default export'}: ${issue.message}`,
    )
    throw new HarnessError({
      code: 'usage',
      message: `the environment file has ${problems.length} problem(s):\n  ${problems.join('\n  ')}`,
      where: file,
      hint: 'See "Rehearse your own app" in README.md.',
    })
  }
  return appFrom(read.data.app, dirname(file))
}

function appFrom(app: z.output<typeof appInput>, folder: string): AppSpec {
  const from = (path: string) => (isAbsolute(path) ? path : resolve(folder, path))
  return {
    name: app.name,
    command: app.command,
    env: app.env,
    cwd: from(app.cwd ?? '.'),
    readyPath: app.readyPath,
    ...(app.entry === undefined ? {} : { entry: from(app.entry) }),
    ...(app.metricsPath === undefined ? {} : { metricsPath: app.metricsPath }),
    ...(app.seed === undefined
      ? {}
      : {
          seed: {
            command: app.seed.command,
            ...(app.seed.entry === undefined ? {} : { entry: from(app.seed.entry) }),
          },
        }),
  }
}
