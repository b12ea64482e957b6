import { createHash } from 'node:crypto'
import { z } from 'zod'
import { FLAWS, type Flaw, type Flaws } from './flaws.ts'
import { CHOICES, type Choices, KNOBS } from './knobs.ts'
import { SIZES } from './sizes.ts'

/** Of `paymentMs`, when a flaw is on that needs a payment provider worth waiting for. */
const SLOW_PAYMENT_MS = 60

export type Config = { readonly [Name in keyof typeof KNOBS]: number } & Choices & {
    readonly databaseUrl: string
    readonly host: string
    readonly port: number
    readonly instance: string
    readonly flaws: Flaws
    readonly redisUrl: string
    readonly replicaUrls: readonly string[]
    /** Signs what shoppers carry around, tickets and tokens in forms: the same in every instance, told to nobody. */
    readonly secret: string
    /** `null`: there is no admin, and no page of theirs. */
    readonly adminPassword: string | null
  }

const flawIds = Object.keys(FLAWS) as [Flaw, ...Flaw[]]
const sizes = Object.keys(SIZES) as [keyof typeof SIZES, ...(keyof typeof SIZES)[]]

function wholeNumber(unit: string, from: number, to: number) {
  const error = `expected a whole number${unit && ` of ${unit}`} from ${from} to ${to}`
  return z
    .string()
    .regex(/^-?\d+$/, { error, abort: true })
    .transform(Number)
    .pipe(z.number().min(from, { error }).max(to, { error }))
}

function ratio(from: number, to: number) {
  const error = `expected a number from ${from} to ${to}`
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, { error, abort: true })
    .transform(Number)
    .pipe(z.number().min(from, { error }).max(to, { error }))
}

const POSTGRES_URL = /^postgres(ql)?:\/\//

const settings = z.object({
  DATABASE_URL: z.string({ error: 'expected the URL of a Postgres database' }).regex(POSTGRES_URL, {
    error: 'expected a URL that begins with postgres://',
  }),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber('', 0, 65_535).default(3000),
  INSTANCE: z.string().default('app-1'),
  SHOP_FLAWS: z
    .string()
    .default('')
    .transform((list) => list.split(/[\s,]+/).filter((id) => id !== ''))
    .pipe(z.array(z.enum(flawIds, { error: `expected a comma list of ${flawIds.join(', ')}` }))),
  SHOP_SIZE: z.enum(sizes, { error: `expected ${sizes.join(' or ')}` }).default('S'),
  SHOP_SECRET: z.string().min(16, { error: 'expected at least 16 characters' }).optional(),
  SHOP_ADMIN_PASSWORD: z.string().min(8, { error: 'expected at least 8 characters' }).optional(),
  ...Object.fromEntries(
    Object.values(KNOBS).map(({ env, unit, from, to }) => [
      env,
      (unit === 'ratio' ? ratio(from, to) : wholeNumber(unit, from, to)).optional(),
    ]),
  ),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, { error: 'expected a URL that begins with redis://' })
    .default('redis://127.0.0.1:6379'),
  SHOP_REPLICA_URLS: z
    .string()
    .default('')
    .transform((list) => list.split(/[\s,]+/).filter((url) => url !== ''))
    .pipe(z.array(z.string().regex(POSTGRES_URL, { error: 'expected a comma list of postgres:// URLs' }))),
  ...Object.fromEntries(
    Object.values(CHOICES).map(([env, words]) => [
      env,
      z.enum(words, { error: `expected one of ${words.join(', ')}` }).default(words[0]),
    ]),
  ),
})

/** Never shown, not even when they are wrong. */
const SECRETS: readonly string[] = ['SHOP_SECRET', 'SHOP_ADMIN_PASSWORD']

/**
 * Reads the shop's configuration from its environment, once.
 * @throws Error whose message lists every problem, one a line: variable, what was expected, what was given.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()))
  const parsed = settings.safeParse(given)
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => {
        const name = String(issue.path[0])
        const value = given[name]
        if (SECRETS.includes(name)) return `${name}: ${issue.message}`
        return `${name}: ${issue.message}, got ${value === undefined ? 'nothing' : JSON.stringify(value)}`
      })
  for (const name of Object.keys(given)) {
    if (name.startsWith('SHOP_') && !(name in settings.shape)) problems.push(`${name}: no such setting`)
  }
  if (!parsed.success || problems.length > 0) {
    throw new Error(`The shop's configuration is not valid:\n  ${[...new Set(problems)].join('\n  ')}`)
  }
  const {
    DATABASE_URL,
    HOST,
    PORT,
    INSTANCE,
    SHOP_FLAWS,
    SHOP_SIZE: size,
    REDIS_URL,
    SHOP_REPLICA_URLS,
    SHOP_SECRET,
    SHOP_ADMIN_PASSWORD,
    ...others
  } = parsed.data
  const flaws: Flaws = new Set(SHOP_FLAWS)
  const values: Partial<Record<string, unknown>> = others
  const slow = flaws.has('hot-row') || flaws.has('pool-held')
  const defaults: Readonly<Partial<Record<string, number>>> = {
    ...(slow && { paymentMs: SLOW_PAYMENT_MS }),
    ...SIZES[size],
  }
  const knobs = Object.fromEntries(
    Object.entries(KNOBS).map(([name, { env, byDefault }]) => [
      name,
      values[env] ?? defaults[name] ?? byDefault,
    ]),
  ) as { [Name in keyof typeof KNOBS]: number }
  const choices = Object.fromEntries(
    Object.entries(CHOICES).map(([name, [env]]) => [name, values[env]]),
  ) as Choices
  return {
    ...knobs,
    ...choices,
    databaseUrl: DATABASE_URL,
    host: HOST,
    port: PORT,
    instance: INSTANCE,
    flaws,
    redisUrl: REDIS_URL,
    replicaUrls: SHOP_REPLICA_URLS,
    secret: SHOP_SECRET ?? secretOf(DATABASE_URL),
    adminPassword: SHOP_ADMIN_PASSWORD ?? null,
  }
}

/** All instances share their database and so this secret; it is as good as the password in the URL. */
function secretOf(databaseUrl: string): string {
  return createHash('sha256').update(`secret of ${databaseUrl}`).digest('base64url')
}
