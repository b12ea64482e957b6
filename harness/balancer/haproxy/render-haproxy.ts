import type { HaproxyAlgorithm, HaproxyConfig, HaproxySlot } from './haproxy-config.ts'

/** HAProxy's only backend, by which its statistics and commands name the servers. */
export const HAPROXY_BACKEND = 'shop'
/** HAProxy's ring of requests told one by one. */
export const HAPROXY_RING = 'requests'

const ALGORITHMS: Readonly<Record<HaproxyAlgorithm, readonly string[]>> = {
  'round-robin': ['balance roundrobin'],
  'least-connections': ['balance leastconn'],
  'random-two': ['balance random(2)'],
  // Without the second line a server that goes would move every client.
  'ip-hash': ['balance source', 'hash-type consistent'],
}

/** As the embedded balancer: three checks in a row take a server out, two bring it back. */
const FALL_RISE = 'fall 3 rise 2'

/** The text of HAProxy's configuration (2.6 or newer). It does what the embedded balancer does, in HAProxy's words. */
export function renderHaproxy(config: HaproxyConfig): string {
  return [
    section('global', [
      'nbthread 1', // its CPU budget is a part of one core
      'maxconn 8000', // without it HAProxy sizes its tables by the limit of open files
      'no strict-limits', // where fewer files may be open it takes fewer connections
      `stats socket unix@${config.socket} mode 600 level admin`,
      'stats timeout 1h', // whoever listens to single requests may hear none for a while
    ]),
    ...(config.tellsRequests
      ? [section(`ring ${HAPROXY_RING}`, ['format raw', 'maxlen 128', 'size 1048576'])]
      : []),
    section('defaults', defaults(config)),
    section('frontend shoppers', frontend(config)),
    section(`backend ${HAPROXY_BACKEND}`, backend(config)),
  ].join('\n')
}

function defaults({ queueTimeoutMs, retries, tellsRequests }: HaproxyConfig): readonly string[] {
  return [
    'mode http',
    ...(tellsRequests
      ? [
          `log ring@${HAPROXY_RING} local0`,
          // Server, status, ms in the queue, ms in all (idle connections do not count), how it ended.
          'log-format "%s %ST %Tw %Ta %ts"',
        ]
      : []),
    'timeout connect 10s',
    'timeout client 75s',
    'timeout http-keep-alive 75s',
    'timeout server 60s',
    'timeout tunnel 1h',
    // 0 would be "for ever".
    `timeout queue ${Math.max(1, Math.round(queueTimeoutMs))}ms`,
    'option forwardfor',
    // Whoever gave up leaves the queue and the server: nobody is to work for them.
    'option abortonclose',
    'http-reuse always',
    `retries ${retries}`,
    ...(retries > 0 ? ['option redispatch 1', 'retry-on conn-failure empty-response'] : []),
    'http-error status 503 content-type text/plain string "the balancer has no server for this request\\n" hdr Retry-After 1 hdr X-Balancer-Own 1',
  ]
}

function frontend({ host, port, maxQueued, retries }: HaproxyConfig): readonly string[] {
  const own = '{ res.hdr(X-Balancer-Own) -m found }'
  return [
    `bind ${host}:${port}`,
    // A request that may have been executed is sent again only when that changes nothing.
    ...(retries > 0 ? ['http-request disable-l7-retry unless { method GET HEAD OPTIONS }'] : []),
    ...(maxQueued === null
      ? []
      : [
          `http-request return status 503 content-type text/plain string "too many are waiting\\n" hdr Retry-After 1 if { queue(${HAPROXY_BACKEND}) ge ${maxQueued} }`,
        ]),
    // HAProxy says 503 to all it has no server for. Who had none in time was turned away and may come again; a server that
    // was found but refused, or none that is up, is a fault: 502.
    `http-after-response set-status 502 if ${own} { srv_id -m found }`,
    `http-after-response set-status 502 if ${own} { nbsrv(${HAPROXY_BACKEND}) eq 0 }`,
    `http-after-response del-header Retry-After if ${own} { status 502 }`,
    'http-after-response del-header X-Balancer-Own',
    `default_backend ${HAPROXY_BACKEND}`,
  ]
}

function backend(config: HaproxyConfig): readonly string[] {
  const { algorithm, healthCheck, slots } = config
  const common = defaultServer(config)
  return [
    ...ALGORITHMS[algorithm],
    ...(healthCheck ? [`option httpchk GET ${healthCheck.path}`] : []),
    ...(common === '' ? [] : [`default-server ${common}`]),
    ...slots.map(serverLine),
  ]
}

function defaultServer({
  maxConnectionsPerServer,
  healthCheck,
  ejection,
  slowStartMs,
}: HaproxyConfig): string {
  const parts = []
  if (maxConnectionsPerServer !== null) parts.push(`maxconn ${maxConnectionsPerServer}`)
  if (slowStartMs > 0) parts.push(`slowstart ${Math.round(slowStartMs)}ms`)
  if (healthCheck) parts.push(`check inter ${Math.round(healthCheck.intervalMs)}ms ${FALL_RISE}`)
  // Ejected is "down" until a check succeeds: with one check there, looked for when the ejection ends. Without health checks
  // that is a mere connection, so that it comes back by time, as in the embedded balancer.
  else if (ejection) parts.push(`check inter ${Math.round(ejection.forMs)}ms fall 3 rise 1`)
  if (ejection) {
    parts.push(
      `downinter ${Math.round(ejection.forMs)}ms observe layer7 error-limit ${ejection.afterFailures} on-error mark-down`,
    )
  }
  return parts.join(' ')
}

function serverLine({ name, address, weight }: HaproxySlot): string {
  return address
    ? `server ${name} ${address.host}:${address.port} weight ${weight}`
    : `server ${name} 127.0.0.1:1 weight ${weight} disabled`
}

function section(head: string, lines: readonly string[]): string {
  return `${head}\n${lines.map((line) => `  ${line}\n`).join('')}`
}
