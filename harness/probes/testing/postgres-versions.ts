import { execFileSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { linkLibraries } from './link-libraries.ts'
import { BUNDLED, noPostgres } from './postgres-server.ts'

/** A Postgres to test with: the folder with its bin, lib and share, or why there is none here. */
export type PostgresVersion = {
  readonly name: string
  readonly native: string
  readonly missing: string | null
}

/** Folders of older servers, as PATH lists folders; `.ci/run` installs them. */
const VARIABLE = 'DOORBUSTER_TEST_POSTGRES'
/** Major versions that are supported beside the bundled one. */
const OLDER = ['14', '15', '16', '17'] as const

/**
 * Every major version that is supported, oldest first. Without the variable only the bundled one is there to be tested;
 * with it, all must be: throws when one cannot be started.
 */
export function postgresVersions(): readonly PostgresVersion[] {
  const bundled = { name: 'the bundled Postgres', native: BUNDLED, missing: noPostgres }
  const named = process.env[VARIABLE]
  if (!named) {
    const missing = `${VARIABLE} names no folder of it`
    return [...OLDER.map((major) => ({ name: `Postgres ${major}`, native: '', missing })), bundled]
  }
  const folders = new Map(named.split(delimiter).map((folder) => [majorOf(folder), folder]))
  const older = OLDER.map((major) => {
    const native = folders.get(major)
    if (native === undefined) throw new Error(`${VARIABLE}=${named} names no Postgres ${major}`)
    return { name: `Postgres ${major}`, native, missing: null }
  })
  return [...older, bundled]
}

/** Titles that say why a test is skipped. */
export function titleOf(what: string, { name, missing }: PostgresVersion): string {
  return `${what}, ${name}${missing === null ? '' : ` (skipped: ${missing})`}`
}

function majorOf(folder: string): string {
  linkLibraries(folder)
  const text = execFileSync(join(folder, 'bin', 'postgres'), ['--version'], { encoding: 'utf8' })
  const major = /\b(\d+)\.\d+/.exec(text)?.[1]
  if (major === undefined) throw new Error(`${VARIABLE}: ${folder} holds "${text.trim()}"`)
  return major
}
