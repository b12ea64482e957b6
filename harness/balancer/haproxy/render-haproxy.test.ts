import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type BalancerTopology, DEFAULT_TOPOLOGY } from '../../core/topology.ts'
import { requires } from '../../testing/requires.ts'
import { haproxyConfigOf } from './haproxy-config.ts'
import { renderHaproxy } from './render-haproxy.ts'

const haproxy = requires('haproxy')

function textOf(over: Partial<BalancerTopology> = {}): string {
  const address = { host: '127.0.0.1', port: 9001 }
  return renderHaproxy(
    haproxyConfigOf(
      { ...DEFAULT_TOPOLOGY.balancer, engine: 'haproxy', ...over },
      {
        host: '127.0.0.1',
        port: 8080,
        socket: 'haproxy.sock',
        readyPath: '/readyz',
        slots: [
          { name: 'app-1', address, weight: 1 },
          { name: 'app-2', address: null, weight: 3 },
        ],
      },
    ),
  )
}

const EVERYTHING: Partial<BalancerTopology> = {
  algorithm: 'ip-hash',
  maxConnectionsPerServer: 20,
  maxQueued: 100,
  queueTimeoutMs: 0,
  healthCheckIntervalMs: 1000,
  healthCheckPath: '/well',
  ejectAfterFailures: 5,
  ejectForMs: 3000,
  retries: 2,
  slowStartMs: 5000,
}

describe('the text of HAProxy’s configuration', () => {
  it('of the default topology', () => {
    expect(textOf()).toMatchInlineSnapshot(`
      "global
        nbthread 1
        maxconn 8000
        no strict-limits
        stats socket unix@haproxy.sock mode 600 level admin
        stats timeout 1h

      ring requests
        format raw
        maxlen 128
        size 1048576

      defaults
        mode http
        log ring@requests local0
        log-format "%s %ST %Tw %Ta %ts"
        timeout connect 10s
        timeout client 75s
        timeout http-keep-alive 75s
        timeout server 60s
        timeout tunnel 1h
        timeout queue 2000ms
        option forwardfor
        option abortonclose
        http-reuse always
        retries 1
        option redispatch 1
        retry-on conn-failure empty-response
        http-error status 503 content-type text/plain string "the balancer has no server for this request\\n" hdr Retry-After 1 hdr X-Balancer-Own 1

      frontend shoppers
        bind 127.0.0.1:8080
        http-request disable-l7-retry unless { method GET HEAD OPTIONS }
        http-after-response set-status 502 if { res.hdr(X-Balancer-Own) -m found } { srv_id -m found }
        http-after-response set-status 502 if { res.hdr(X-Balancer-Own) -m found } { nbsrv(shop) eq 0 }
        http-after-response del-header Retry-After if { res.hdr(X-Balancer-Own) -m found } { status 502 }
        http-after-response del-header X-Balancer-Own
        default_backend shop

      backend shop
        balance leastconn
        server app-1 127.0.0.1:9001 weight 1
        server app-2 127.0.0.1:1 weight 3 disabled
      "
    `)
  })

  it('with everything switched on', () => {
    expect(textOf(EVERYTHING)).toMatchInlineSnapshot(`
      "global
        nbthread 1
        maxconn 8000
        no strict-limits
        stats socket unix@haproxy.sock mode 600 level admin
        stats timeout 1h

      ring requests
        format raw
        maxlen 128
        size 1048576

      defaults
        mode http
        log ring@requests local0
        log-format "%s %ST %Tw %Ta %ts"
        timeout connect 10s
        timeout client 75s
        timeout http-keep-alive 75s
        timeout server 60s
        timeout tunnel 1h
        timeout queue 1ms
        option forwardfor
        option abortonclose
        http-reuse always
        retries 2
        option redispatch 1
        retry-on conn-failure empty-response
        http-error status 503 content-type text/plain string "the balancer has no server for this request\\n" hdr Retry-After 1 hdr X-Balancer-Own 1

      frontend shoppers
        bind 127.0.0.1:8080
        http-request disable-l7-retry unless { method GET HEAD OPTIONS }
        http-request return status 503 content-type text/plain string "too many are waiting\\n" hdr Retry-After 1 if { queue(shop) ge 100 }
        http-after-response set-status 502 if { res.hdr(X-Balancer-Own) -m found } { srv_id -m found }
        http-after-response set-status 502 if { res.hdr(X-Balancer-Own) -m found } { nbsrv(shop) eq 0 }
        http-after-response del-header Retry-After if { res.hdr(X-Balancer-Own) -m found } { status 502 }
        http-after-response del-header X-Balancer-Own
        default_backend shop

      backend shop
        balance source
        hash-type consistent
        option httpchk GET /well
        default-server maxconn 20 slowstart 5000ms check inter 1000ms fall 3 rise 2 downinter 3000ms observe layer7 error-limit 5 on-error mark-down
        server app-1 127.0.0.1:9001 weight 1
        server app-2 127.0.0.1:1 weight 3 disabled
      "
    `)
  })

  it('ejects without health checks by looking whether the server takes connections', () => {
    const text = textOf({ ejectAfterFailures: 5, ejectForMs: 3000 })
    expect(text).toContain('check inter 3000ms fall 3 rise 1 downinter 3000ms observe layer7 error-limit 5')
    expect(text).not.toContain('httpchk')
  })

  it('repeats nothing when it may not', () => {
    const text = textOf({ retries: 0 })
    expect(text).toContain('retries 0\n')
    expect(text).not.toMatch(/redispatch|retry-on|disable-l7-retry/)
  })

  it('has no peak-EWMA and no error share, and says so', () => {
    expect(() => textOf({ algorithm: 'ewma', ejectAboveErrorShare: 0.1 })).toThrow(
      /algorithm: expected round-robin.*no peak-EWMA.*\n.*ejectAboveErrorShare/,
    )
  })
})

describe.skipIf(haproxy.skip)('HAProxy itself', () => {
  it.each([
    ['the default', {}],
    ['everything', EVERYTHING],
    ['round-robin', { algorithm: 'round-robin' }],
    ['random-two, without retries', { algorithm: 'random-two', retries: 0, ejectAfterFailures: 1 }],
  ] as const)('accepts %s without a warning', (_name, over) => {
    const folder = mkdtempSync(join(tmpdir(), 'doorbuster-haproxy-'))
    writeFileSync(join(folder, 'haproxy.cfg'), textOf(over))
    const { status, stderr } = spawnSync(haproxy.path, ['-c', '-f', 'haproxy.cfg'], {
      cwd: folder,
      encoding: 'utf8',
    })
    rmSync(folder, { recursive: true })
    expect(stderr).not.toMatch(/ALERT|WARNING/)
    expect(status).toBe(0)
  })
})
