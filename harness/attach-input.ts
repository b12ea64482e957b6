import { z } from 'zod'
import type { AttachSpec, Lever, PrometheusSource, SecretUrl } from './core/attached.ts'
import { HarnessError } from './core/errors.ts'
import { FIX_IDS } from './core/fixes/index.ts'
import { readDurationMs } from './core/units.ts'

const FROM_ENV = /^env:([A-Za-z_][A-Za-z0-9_]*)$/
const LEVER_TIMEOUT_MS = 300_000

// Messages never show what was given: it may be a connection string with its password.
const secret = z.string().regex(FROM_ENV, {
  error:
    'expected env:NAME, the environment variable that holds it: a connection string itself would stay in shell histories, process lists and reports',
})
const site = z.string().refine(isSite, {
  error: ({ input }) =>
    holdsPassword(input)
      ? 'it holds a user name or a password, which would stay in shell histories and reports: leave them out'
      : 'expected the address of a site, like http://localhost:3000',
})
/** Whether an address would give a password away. */
function holdsPassword(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username !== '' || password !== ''
}
const PAGE_WITH_PASSWORD =
  'it holds a user name or a password: put the whole address into a variable, and give env:NAME'

/** Statistics pages may need a password: then they are taken from the environment, too. */
const page = z.union([site, secret], {
  error: ({ input }) =>
    holdsPassword(input)
      ? PAGE_WITH_PASSWORD
      : 'expected an address like http://localhost:8404/stats, or env:NAME',
})
const command = z.array(z.string().min(1), { error: 'expected a command: ["program", "argument", …]' }).min(1)
const APP_READING = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]*$/, { error: 'expected a reading such as poolWaiting' })

const leverInput = z.strictObject({
  id: z.enum(FIX_IDS, { error: `expected one of ${FIX_IDS.join(', ')}` }),
  step: z.number({ error: 'expected the factor (scale-up) or the number of servers (scale-out)' }).positive(),
  label: z.string().min(1).max(60).optional(),
  apply: command,
  ready: z.union([site, command], { error: 'expected a URL that answers 200, or a command' }).optional(),
  undo: command,
  timeout: z
    .string()
    .refine((text) => readDurationMs(text) !== null, { error: 'expected a duration such as "5min"' })
    .optional(),
})

const prometheusInput = z.union(
  [
    z.strictObject({ url: page, gauges: z.record(APP_READING, z.string().min(1)).default({}) }),
    z.strictObject({ url: page, query: z.string().min(1), as: APP_READING }),
  ],
  {
    error: ({ input }) => {
      const { url } = z.object({ url: z.string() }).safeParse(input).data ?? {}
      if (holdsPassword(url)) return `url: ${PAGE_WITH_PASSWORD}`
      if (url !== undefined && !page.safeParse(url).success)
        return 'url: expected an address like http://localhost:3000/metrics, or env:NAME'
      return 'expected { url, gauges?: { poolWaiting: "name" } } or { url, query, as: "poolWaiting" }'
    },
  },
)

/** A system that is up already, as an environment file or the command line describes it. */
export const attachInput = z.strictObject({
  target: site.optional(),
  postgres: secret.optional(),
  replicas: z.array(secret).default([]),
  postgresCores: z.number({ error: 'expected a number of cores' }).positive().max(1024).optional(),
  haproxy: page.optional(),
  pgbouncer: secret.optional(),
  redis: secret.optional(),
  prometheus: z.array(prometheusInput).default([]),
  levers: z.array(leverInput).default([]),
  allowDdl: z.boolean().default(false),
})

export type AttachInput = z.input<typeof attachInput>

/**
 * Reads what is to be attached to. Connection strings come from `variables`, named by `env:NAME`. Throws a usage error
 * with every problem at once.
 */
export function readAttach(
  input: AttachInput,
  where: string,
  variables: Readonly<Record<string, string | undefined>>,
): AttachSpec {
  const read = attachInput.safeParse(input)
  const problems = read.success
    ? []
    : read.error.issues.map(({ path, message }) => `${path.join('.') || 'attach'}: ${message}`)
  const given = read.success ? read.data : null
  const resolve = (text: string | undefined, path: string, kinds: readonly string[]): SecretUrl | null => {
    const name = text === undefined ? undefined : FROM_ENV.exec(text)?.[1]
    if (name === undefined) return null
    const url = variables[name] ?? ''
    if (url === '') problems.push(`${path}: the environment variable ${name} is not set`)
    else if (!URL.canParse(url) || !kinds.includes(new URL(url).protocol))
      problems.push(`${path}: ${name} holds no ${kinds[0]}// address`)
    return { name, url }
  }
  const pageOf = (text: string, path: string): string =>
    text.startsWith('env:') ? (resolve(text, path, ['http:', 'https:'])?.url ?? '') : text
  const spec: AttachSpec | null = given && {
    target: given.target ?? null,
    postgres: resolve(given.postgres, 'postgres', POSTGRES),
    replicas: given.replicas.flatMap((text, i) => resolve(text, `replicas.${i}`, POSTGRES) ?? []),
    postgresCores: given.postgresCores ?? null,
    haproxy: given.haproxy === undefined ? null : pageOf(given.haproxy, 'haproxy'),
    pgbouncer: resolve(given.pgbouncer, 'pgbouncer', POSTGRES),
    redis: resolve(given.redis, 'redis', ['redis:', 'rediss:']),
    prometheus: given.prometheus.map((source, i): PrometheusSource => {
      const url = pageOf(source.url, `prometheus.${i}.url`)
      return 'query' in source ? { ...source, url, kind: 'query' } : { ...source, url, kind: 'endpoint' }
    }),
    levers: given.levers.map(leverOf),
    allowDdl: given.allowDdl,
  }
  if (spec && problems.length === 0) return spec
  throw new HarnessError({
    code: 'usage',
    message: `what to attach to has ${problems.length} problem(s):\n  ${problems.join('\n  ')}`,
    where,
    hint: hintFor(problems),
  })
}

/** What holds secrets, by the first word of its problem. */
const SECRETS = /^(postgres|replicas|pgbouncer|redis)\b/

function hintFor(problems: readonly string[]): string {
  if (problems.some((problem) => SECRETS.test(problem)))
    return 'Put a connection string into a variable and name that: export DATABASE_URL=…, then --postgres env:DATABASE_URL'
  if (problems.some((problem) => problem.includes('password')))
    return 'Write it without: --target http://localhost:3000; a page that needs a password goes into a variable: --prometheus env:METRICS_URL'
  if (problems.every((problem) => problem.startsWith('levers')))
    return 'A lever is { id, step, apply: [program, argument, …], undo: […] }: see "Your own staging system" in README.md.'
  return 'Mend what is named: see "Your own staging system" in README.md.'
}

const POSTGRES = ['postgres:', 'postgresql:'] as const

function leverOf({ label, timeout, ready, ...lever }: z.output<typeof leverInput>): Lever {
  return {
    ...lever,
    ...(label !== undefined && { label }),
    ready: ready ?? null,
    timeoutMs: (timeout === undefined ? null : readDurationMs(timeout)) ?? LEVER_TIMEOUT_MS,
  }
}

/** A target is written to the record: one with a password in it is none. */
function isSite(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === ''
}
