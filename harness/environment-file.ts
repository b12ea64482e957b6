import { existsSync, statSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { z } from 'zod'
import { type AttachInput, attachInput } from './attach-input.ts'
import { HarnessError } from './core/errors.ts'
import { importFailure, importUserModule } from './import-user-module.ts'
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

const appEnvironment = z.strictObject({ app: appInput })

/** What `defineEnvironment` takes. Paths are relative to the file they stand in. */
export type EnvironmentInput = z.input<typeof appEnvironment> | AttachInput

/** An app to start, or a system that is up already. */
export type LoadedEnvironment =
  | { readonly kind: 'app'; readonly app: AppSpec }
  | { readonly kind: 'attach'; readonly attach: AttachInput; readonly file: string }

/**
 * Loads the file given with `--env`. Its default export is `defineEnvironment({ app: … })`, or for a system that is up
 * already `defineEnvironment({ target, postgres, … })`, which is validated where its variables are read.
 * Rejects with a usage error that lists every problem.
 */
export async function loadEnvironmentFile(path: string): Promise<LoadedEnvironment> {
  const file = resolve(path)
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new HarnessError({
      code: 'usage',
      message: `no environment file "${path}"`,
      where: '--env',
      hint: 'Give "embedded" for the sample shop, "compose" for it in containers, or the path of a file that default-exports defineEnvironment({ app: { … } }).',
    })
  }
  let module: { readonly default?: unknown }
  try {
    module = (await importUserModule({ what: 'the environment file', path: file })) as {
      readonly default?: unknown
    }
  } catch (cause) {
    const { says, hint } = importFailure('An environment file', cause)
    throw new HarnessError({
      code: 'usage',
      message: `the environment file does not load\n  ${says}`,
      where: file,
      hint,
      cause,
    })
  }
  const first = module.default
  // A module that was loaded as CommonJS wraps its default export once more.
  const given =
    typeof first === 'object' && first !== null && Reflect.get(first, '__esModule') === true
      ? (Reflect.get(first, 'default') as unknown)
      : first
  refuseBoth(given, file)
  if (typeof given === 'object' && given !== null && !('app' in given))
    return { kind: 'attach', attach: given as AttachInput, file }
  const read = appEnvironment.safeParse(given)
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
  return { kind: 'app', app: appFrom(read.data.app, dirname(file)) }
}

/** An app to start and a system that is up already are two things to rehearse. */
function refuseBoth(given: unknown, file: string): void {
  if (typeof given !== 'object' || given === null || !('app' in given)) return
  const others = Object.keys(given).filter((name) => name in attachInput.shape)
  if (others.length === 0) return
  throw new HarnessError({
    code: 'usage',
    message: `"app" and "${others.join('", "')}" exclude each other: one describes an app to start, the other a system that is up already`,
    where: file,
    hint: 'Leave one of them out, or make two files of it.',
  })
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
