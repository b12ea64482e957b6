import type { AppTopology, Topology } from '../topology.ts'

/** The topology with these settings of the app laid over its own. */
export function withSettings(topology: Topology, settings: AppTopology['settings']): Topology {
  return { ...topology, app: { ...topology.app, settings: { ...topology.app.settings, ...settings } } }
}
