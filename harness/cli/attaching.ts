import { type AttachInput, readAttach } from '../attach-input.ts'
import type { AttachSpec } from '../core/attached.ts'
import { HarnessError } from '../core/errors.ts'
import { loadEnvironmentFile } from '../environment-file.ts'
import { OWN_SCENARIO, ownSiteScenario, plainPath, writeTemporarily } from '../own-site-scenario.ts'
import type { AppSpec } from '../ports.ts'
import { isSampleShops } from '../scenario-file.ts'
import type { AttachOptions, CommonOptions } from './options.ts'

/** `--env`: the sample shop in containers. */
export const COMPOSE = 'compose'

/** What is rehearsed: an app that Doorbuster starts, or a system that is up already. */
export type Rehearsed =
  | { readonly kind: 'sample-shop' }
  | { readonly kind: 'own-app'; readonly app: AppSpec }
  | { readonly kind: 'attached'; readonly spec: AttachSpec; readonly shown: readonly string[] }

/** Reads `--env` and what the command line says of a system that is up already; both may speak of the same system. */
export async function readRehearsed({ env, attach }: CommonOptions): Promise<Rehearsed> {
  const loaded = env === 'embedded' || env === COMPOSE ? null : await loadEnvironmentFile(env)
  const flags = inputOf(attach)
  if (loaded?.kind === 'app' || env === COMPOSE) {
    const flag = shownFlags(attach)[0] ?? (attach.gets.length > 0 ? '--get' : undefined)
    if (flag === undefined)
      return loaded?.kind === 'app' ? { kind: 'own-app', app: loaded.app } : { kind: 'sample-shop' }
    throw new HarnessError({
      code: 'usage',
      message: `${flag} is for a system that is up already, and ${env} ${loaded === null ? 'starts one' : 'describes an app to start'}`,
      where: '--env',
      hint: 'Leave one of them out.',
    })
  }
  if (loaded === null && Object.keys(flags).length === 0) {
    if (attach.gets.length > 0) throw noTarget('--get asks for pages of a site of yours')
    return { kind: 'sample-shop' }
  }
  const spec = readAttach({ ...loaded?.attach, ...flags }, loaded?.file ?? 'command line', process.env)
  return { kind: 'attached', spec, shown: shownFlags(attach) }
}

/** Where a rehearsal runs, when no faults can be done there; `null`: they can. */
export function noFaultsIn({ kind }: Rehearsed, env: string): string | null {
  if (kind === 'attached') return 'a system that Doorbuster did not start'
  return env === COMPOSE ? 'containers (--env compose)' : null
}

/** The target of a system that is to be loaded. */
export function targetOf({ target }: AttachSpec): string {
  if (target === null) throw noTarget('nothing says which site is loaded')
  return target
}

export type ChosenScenario = {
  readonly path: string
  readonly keep?: { readonly name: string; readonly text: string }
  /** The pages that were named, as they are asked for; absent: a scenario says what shoppers do. */
  readonly pages?: readonly string[]
  readonly remove: () => void
}

/** The scenario that was named, or one made for `--get`. On a site of one's own the sample shop's journeys are refused. */
export function chooseScenario(
  named: string | null,
  fallback: string | null,
  { attach }: CommonOptions,
  target: string | null,
): ChosenScenario {
  const { gets, normal, peak, lasts } = attach
  if (target !== null && gets.length > 0) {
    if (named !== null)
      throw new HarnessError({
        code: 'usage',
        message: `"${named}" and --get both say what shoppers do`,
        where: '--get',
        hint: 'Leave one of them out.',
      })
    if (normal === null)
      throw new HarnessError({
        code: 'usage',
        message: 'how many visitors come at normal times?',
        where: '--normal',
        hint: 'Say it: --normal 5/s',
      })
    const text = ownSiteScenario({ target, gets, normal, peak, lasts })
    return { ...writeTemporarily(text), keep: { name: OWN_SCENARIO, text }, pages: gets.map(plainPath) }
  }
  const path = named ?? fallback
  if (path === null)
    throw new HarnessError({
      code: 'usage',
      message: 'which scenario?',
      where: 'the command line',
      hint: 'Name one ("black-friday"), or with --target the pages to ask for: --get / --normal 5/s',
    })
  return { path, remove: () => {} }
}

/** What is wrong with a scenario made from the command line is wrong there. */
export function asTyped(cause: unknown): unknown {
  if (!(cause instanceof HarnessError) || cause.code !== 'invalid-scenario') return cause
  return new HarnessError({
    code: 'usage',
    message: cause.message.replace(OWN_SCENARIO, 'what is asked for'),
    where: '--get, --normal, --peak, --lasts',
    hint: 'More visitors: --normal 5/s --peak 12x --lasts 45s',
    cause,
  })
}

/** A scenario that comes with Doorbuster knows the sample shop's pages, and no others. */
export function refuseSampleShops(
  command: string,
  scenario: { readonly name: string; readonly path: string },
  target: string,
  { attach }: CommonOptions,
): void {
  if (!isSampleShops(scenario.path)) return
  const postgres = attach.postgres ?? 'env:DATABASE_URL'
  throw new HarnessError({
    code: 'usage',
    message: `the journeys of "${scenario.name}" are the sample shop's: ${target} does not have its pages`,
    where: '--target',
    hint: `Name pages it has: ${command} --target ${target} --get / --get /products/42 --normal 5/s --postgres ${postgres}; or write a scenario of your own.`,
  })
}

/** What the command line gives, in the words of an environment file. */
function inputOf(options: AttachOptions): AttachInput {
  const { target, postgres, postgresCores, prometheus, haproxyStats, pgbouncer, redis, replica } = options
  return {
    ...(target !== null && { target }),
    ...(postgres !== null && { postgres }),
    ...(postgresCores !== null && { postgresCores }),
    ...(prometheus.length > 0 && { prometheus: prometheus.map((url) => ({ url })) }),
    ...(haproxyStats !== null && { haproxy: haproxyStats }),
    ...(pgbouncer !== null && { pgbouncer }),
    ...(redis !== null && { redis }),
    ...(replica.length > 0 && { replicas: [...replica] }),
    ...(options.allowDdl && { allowDdl: true }),
  }
}

/** The same as options, for the command that a report suggests. */
function shownFlags(options: AttachOptions): readonly string[] {
  const { target, postgres, postgresCores, prometheus, haproxyStats, pgbouncer, redis, replica } = options
  const one = (name: string, value: string | number | null) => (value === null ? [] : [name, String(value)])
  return [
    ...one('--target', target),
    ...options.ownedHosts.flatMap((host) => ['--i-own-this-target', host]),
    ...one('--postgres', postgres),
    ...one('--postgres-cores', postgresCores),
    ...replica.flatMap((name) => ['--replica', name]),
    ...prometheus.flatMap((url) => ['--prometheus', withoutPassword(url)]),
    ...one('--haproxy-stats', haproxyStats === null ? null : withoutPassword(haproxyStats)),
    ...one('--pgbouncer', pgbouncer),
    ...one('--redis', redis),
    ...(options.allowDdl ? ['--allow-ddl'] : []),
  ]
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url
  const plain = new URL(url)
  if (plain.username === '' && plain.password === '') return url
  plain.username = ''
  plain.password = ''
  return plain.href
}

function noTarget(message: string): HarnessError {
  return new HarnessError({
    code: 'usage',
    message,
    where: '--target',
    hint: 'Name the site: --target http://localhost:3000',
  })
}
