import { fileURLToPath } from 'node:url'
import { DEFAULT_TOPOLOGY, type Topology } from '../../../core/topology.ts'
import type { AppSpec, Clock, EnvironmentSpec } from '../../../ports.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The tiny app, with variables of its own. */
export function tinyApp(env: Readonly<Record<string, string>> = {}): AppSpec {
  return {
    name: 'tiny',
    command: ['node', '{bundle}'],
    entry: 'tiny-app.ts',
    env,
    cwd: here,
    readyPath: '/readyz',
    metricsPath: '/environment',
    seed: { command: ['node', '{bundle}'], entry: 'tiny-seed.ts' },
  }
}

/** A specification for the embedded environment that fits two cores with both fixes applied. */
export function tinySpec(
  change: { readonly topology?: Topology; readonly env?: Readonly<Record<string, string>> } = {},
): EnvironmentSpec {
  const t0Ns = process.hrtime.bigint()
  const clock: Clock = { t0Ns, nowUs: () => Number((process.hrtime.bigint() - t0Ns) / 1000n) }
  return { topology: change.topology ?? DEFAULT_TOPOLOGY, app: tinyApp(change.env), clock }
}
