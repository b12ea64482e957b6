import { z } from 'zod'
import { HarnessError } from '../core/errors.ts'
import { BALANCER_ALGORITHMS } from '../core/topology.ts'

const serverList = z
  .array(z.strictObject({ name: z.string().min(1), url: z.url({ protocol: /^http$/ }) }))
  .min(1)
  .refine((servers) => new Set(servers.map(({ name }) => name)).size === servers.length, {
    message: 'two servers have the same name',
  })

const port = z.int().min(0).max(65_535)

const balancerConfig = z.strictObject({
  host: z.string().min(1),
  /** 0: any free port. */
  port,
  adminPort: port,
  algorithm: z.enum(BALANCER_ALGORITHMS),
  maxConnectionsPerServer: z.int().min(1).nullable(),
  queueTimeoutMs: z.number().min(0),
  servers: serverList,
})

/** How the embedded balancer is set up: environment variable BALANCER_CONFIG, as JSON. */
export type BalancerConfig = z.infer<typeof balancerConfig>
export type ServerList = z.infer<typeof serverList>

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
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || where}: ${issue.message}`)
  throw new HarnessError({ code: 'usage', message: problems.join('\n'), where })
}
