import type { World } from '../stage.ts'
import { COMPOSE, type Rehearsed, targetOf } from './attaching.ts'
import type { Context } from './context.ts'

/** The adapters for one run. Rejects when the site it would load must not be loaded. */
export async function worldOf({ adapters, options, stderr }: Context, rehearsed: Rehearsed): Promise<World> {
  const { probes } = adapters
  if (rehearsed.kind !== 'attached') {
    const ours = rehearsed.kind === 'sample-shop'
    return {
      environment: options.env === COMPOSE ? adapters.compose() : adapters.environment(),
      engine: adapters.engine(),
      probes,
      app: ours ? adapters.sampleShop : rehearsed.app,
      scope: rehearsed.kind,
    }
  }
  const { spec } = rehearsed
  const { ownedHosts } = options.attach
  const target = targetOf(spec)
  await adapters.checkTarget(target, ownedHosts)
  return {
    environment: adapters.attach(spec, stderr, ownedHosts),
    engine: adapters.engine({ ownedHosts, system: 'theirs' }),
    probes,
    // Nothing of it is started.
    app: { name: new URL(target).host, command: [], env: {}, cwd: '.', readyPath: '/' },
    scope: 'attached',
  }
}
