import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { haproxyConfigOf } from '../../balancer/haproxy/haproxy-config.ts'
import { HAPROXY_RING, renderHaproxy } from '../../balancer/haproxy/render-haproxy.ts'
import type { BalancerTopology, Topology } from '../../core/topology.ts'
import type { BalancerEndpoint } from '../../ports.ts'
import type { Container } from './containers.ts'
import { APP_PORT } from './overlay.ts'

const SOCKET = 'haproxy.sock'

/** Here the balancer is HAProxy, whatever the topology would have elsewhere; `none` stays none. */
export function withHaproxy(topology: Topology): Topology {
  return topology.balancer.engine === 'none'
    ? topology
    : { ...topology, balancer: { ...topology.balancer, engine: 'haproxy' } }
}

/** The text of HAProxy's configuration in its container; throws a `usage` HarnessError for what HAProxy does not have. */
export function balancerConfig(
  balancer: BalancerTopology,
  apps: readonly Pick<Container, 'component' | 'address'>[],
  readyPath: string,
): string {
  return renderHaproxy(
    haproxyConfigOf(balancer, {
      host: '0.0.0.0',
      port: APP_PORT,
      socket: SOCKET,
      readyPath,
      slots: apps.map(({ component, address }) => ({
        name: component,
        address: { host: address, port: APP_PORT },
        weight: balancer.weights[component] ?? 1,
      })),
    }),
  )
}

export function writeBalancerConfig(folder: string, text: string): void {
  writeFileSync(join(folder, 'haproxy.cfg'), text, { mode: 0o600 })
}

/** Where HAProxy tells its figures: its socket lies in the folder that its container shares with this machine. */
export function balancerEndpoint(folder: string): BalancerEndpoint {
  return {
    component: 'balancer',
    engine: 'haproxy',
    statsSocket: join(folder, SOCKET),
    requestsRing: HAPROXY_RING,
  }
}
