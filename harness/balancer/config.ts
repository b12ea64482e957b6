import { z } from 'zod'
import { HarnessError } from '../core/errors.ts'
import { BALANCER_ALGORITHMS, DEFAULT_TOPOLOGY } from '../core/topology.ts'

const serverEntry = z.strictObject({
  name: z.string().min(1),
  url: z.url({ protocol: /^http$/ }),
  weight: z.number().positive().default(1),
})
const serverList = z
  .array(serverEntry)
  .min(1)
  .refine((servers) => new Set(servers.map(({ name }) => name)).size === servers.length, {
    message: 'two servers have the same name',
  })

const defaults = DEFAULT_TOPOLOGY.balancer
const share = z.number().min(0).max(1)
const durationMs = z.number().min(0)

const port = z.int().min(0).max(65_535)

const balancerConfig = z.strictObject({
  host: z.string().min(1),
  /** 0: any free port. */
  port,
  adminPort: port,
  algorithm: z.enum(BALANCER_ALGORITHMS),
  maxConnectionsPerServer: z.int().min(1).nullable(),
  queueTimeoutMs: durationMs,
  // What each of these means is said at BalancerTopology.
  maxQueued: z.int().min(1).nullable().default(defaults.maxQueued),
  healthCheckIntervalMs: z.number().min(50).nullable().default(defaults.healthCheckIntervalMs),
  healthCheckPath: z.string().startsWith('/').default('/'),
  ejectAfterFailures: z.int().min(1).nullable().default(defaults.ejectAfterFailures),
  ejectAboveErrorShare: share.nullable().default(defaults.ejectAboveErrorShare),
  ejectForMs: durationMs.default(defaults.ejectForMs),
  maxEjectedShare: share.default(defaults.maxEjectedShare),
  retries: z.int().min(0).default(defaults.retries),
  slowStartMs: durationMs.default(defaults.slowStartMs),
  servers: serverList,
})

/** How the embedded balancer is set up: environment variable BALANCER_CONFIG, as JSON. */
export type BalancerConfig = z.infer<typeof balancerConfig>
export type ServerList = z.infer<typeof serverList>
export type ServerEntry = z.infer<typeof serverEntry>
/** What may be left out of a configuration is filled with what the default topology has. */
export type BalancerSettings = z.input<typeof balancerConfig>

/** A configuration with what was left out; throws a `usage` HarnessError that lists every problem. */
export function balancerConfigOf(settings: BalancerSettings): BalancerConfig {
  return checked(balancerConfig, settings, 'balancer')
}

/** Reads BALANCER_CONFIG; throws a `usage` HarnessError that lists every problem. */
export function readBalancerConfig(text: string | undefined): BalancerConfig {
  return readJson(balancerConfig, text, 'BALANCER_CONFIG')
}

/** Reads the body of PUT /servers; throws a `usage` HarnessError that lists every problem. */
export function readServerList(text: string): ServerList {
  return readJson(serverList, text, 'PUT /servers')
}

function readJson<T>(schema: z.ZodType<T>, text: string | undefined, where: string): T {
  let json: unknown
  try {
    json = JSON.parse(text ?? '')
  } catch (cause) {
    throw new HarnessError({ code: 'usage', message: `${where} is not JSON`, where, cause })
  }
  return checked(schema, json, where)
}

function checked<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || where}: ${issue.message}`)
  throw new HarnessError({ code: 'usage', message: problems.join('\n'), where })
}
