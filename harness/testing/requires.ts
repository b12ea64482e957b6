import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

type Found = { readonly path: string | null; readonly how: string }

/** Where a component's program may be, and how to get it. An environment variable of its name, in capitals, wins. */
const COMPONENTS = {
  chromium: {
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    how: 'install chromium, or set CHROMIUM',
  },
  haproxy: { programs: ['haproxy'], how: 'install haproxy, or set HAPROXY' },
  redis: { programs: ['redis-server'], how: 'install redis-server, or set REDIS' },
  pgbouncer: { programs: ['pgbouncer'], how: 'install pgbouncer, or set PGBOUNCER' },
  promtool: { programs: ['promtool'], how: 'install prometheus, or set PROMTOOL' },
  openssl: { programs: ['openssl'], how: 'install openssl, or set OPENSSL' },
  docker: { programs: ['docker'], how: 'install docker and start its server, or set DOCKER' },
} as const

export type RequiredComponent = keyof typeof COMPONENTS

/**
 * Whether tests that need a component must be skipped here; says what is missing. With REQUIRE_ALL=1 a missing
 * component is an error instead; Docker, a server with rights no test should ask for unasked, is demanded by
 * REQUIRE_DOCKER=1 only. Use: `describe.skipIf(requires('chromium').skip)(…)`.
 */
export function requires(component: RequiredComponent): { readonly skip: boolean; readonly path: string } {
  const { path, how } = find(component)
  return path === null ? skipFor(component, `${component} is missing (${how})`) : { skip: false, path }
}

/** Skips tests for want of something that comes with a component, or throws when the component is demanded. */
export function skipFor(component: RequiredComponent, missing: string): { skip: true; path: '' } {
  const demand = component === 'docker' ? 'REQUIRE_DOCKER' : 'REQUIRE_ALL'
  if (process.env[demand] === '1') throw new Error(`${missing}, and ${demand}=1 allows no skipped test`)
  console.warn(`skipped: ${missing}`)
  return { skip: true, path: '' }
}

function find(component: RequiredComponent): Found {
  const { programs, how } = COMPONENTS[component]
  const named = process.env[component.toUpperCase()]
  if (named !== undefined) return { path: existsSync(named) ? named : null, how }
  for (const program of programs) {
    const folder = folders().find((one) => existsSync(`${one}/${program}`))
    // Docker's program without its server helps nobody.
    if (folder && (component !== 'docker' || dockerAnswers())) return { path: `${folder}/${program}`, how }
  }
  return { path: null, how }
}

/** The PATH, and where system packages put servers that are not on an ordinary user's PATH. */
function folders(): readonly string[] {
  return [
    ...(process.env['PATH'] ?? '').split(':'),
    '/usr/bin',
    '/usr/sbin',
    '/usr/local/bin',
    '/usr/local/sbin',
  ]
}

function dockerAnswers(): boolean {
  return spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 }).status === 0
}
