import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HarnessError } from './core/errors.ts'

/** A site's own pages and how many come, as the command line gives them. */
export type OwnSite = {
  readonly target: string
  readonly gets: readonly string[]
  readonly normal: string
  readonly peak: string
  readonly lasts: string
}

/** The name under which such a scenario is kept in its run's folder. */
export const OWN_SCENARIO = 'scenario.mts'

/**
 * A scenario for pages of one's own, written as its user would write it: they may keep it as the start of theirs. Throws a
 * usage error when a path is none.
 */
export function ownSiteScenario({ target, gets, normal, peak, lasts }: OwnSite): string {
  const wrong = gets.filter((path) => !path.startsWith('/') || path.startsWith('//'))
  if (wrong.length > 0)
    throw new HarnessError({
      code: 'usage',
      message: `no path of a page: ${wrong.join(', ')}`,
      where: '--get',
      hint: 'Begin each with "/": --get / --get /products/42',
    })
  const name = `site-${new URL(target).host}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
  const quoted = (path: string) => `'${plainPath(path)}'`
  return `import { defineScenario, journey, surge } from 'doorbuster'

// Made from the command line: keep it, and make it yours.
export default defineScenario({
  name: '${name.replace(/-+$/, '')}',
  question: 'Does the site hold when visitors grow from ${normal} to ${peak}?',
  traffic: surge.doorsOpen({ normal: '${normal}', peak: '${peak}', lasts: '${lasts}' }),
  shoppers: [
    journey('visitor', { weight: 1, thinkTime: '0.5s..2s' }, async (shopper) => {
${gets.map((path) => `      await shopper.get(${quoted(path)})`).join('\n')}
    }),
  ],
  patience: { timeout: '3s', reloads: 1 },
  // What a visitor is promised. Change it to what yours are.
  slo: { all: { p95: '< 500ms', errors: '< 1%' } },
})
`
}

/** A path as it is asked for. A colon would name a parameter of it; a quote or a line's end would end the text. */
export function plainPath(path: string): string {
  return path.replace(
    /[:'\\\s]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  )
}

/**
 * The scenario as a module that can be loaded; `remove` when it was kept elsewhere. It goes with this process at the latest;
 * what processes left that were killed goes now.
 */
export function writeTemporarily(text: string): { readonly path: string; readonly remove: () => void } {
  removeLeftovers()
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const remove = () => {
    process.off('exit', remove)
    rmSync(folder, { recursive: true, force: true })
  }
  process.on('exit', remove)
  const path = join(folder, OWN_SCENARIO)
  writeFileSync(path, text)
  return { path, remove }
}

const PREFIX = 'doorbuster-scenario-'
/** A process of another container may share the folder, and not be seen: by then it has loaded its scenario. */
const LEFT_AFTER_MS = 10 * 60_000

function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN
    if (!(pid > 0) || isAlive(pid)) continue
    const folder = join(tmpdir(), name)
    try {
      if (Date.now() - statSync(folder).mtimeMs > LEFT_AFTER_MS)
        rmSync(folder, { recursive: true, force: true })
    } catch {
      // It is somebody else's, or gone.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    // Another user's may not be signalled, but runs.
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
