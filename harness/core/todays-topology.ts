import type { RunData } from './run-data.ts'
import { DEFAULT_TOPOLOGY, type Topology } from './topology.ts'

/** What every fix is applied to; of a record that does not know it, the default. */
export function todaysTopology({ arms }: Pick<RunData, 'arms'>): Topology {
  return arms.find(({ fixes }) => fixes.length === 0)?.topology ?? DEFAULT_TOPOLOGY
}
