import type { Topology } from '../topology.ts'
import type { Fix } from './fix.ts'

/** Sized to the memory of the server, whatever the other settings are. */
const OF_THE_MACHINE = ['shared_buffers']

/** The database without what the topology sets of it: a session takes as little memory as by default (`work_mem`). */
export const databaseSettings: Fix = {
  id: 'database.settings',
  label: (_, today) =>
    `the database without its own ${(today ? ownSettings(today) : []).join(', ') || 'settings'}`,
  steps: () => [1],
  apply: (topology) => {
    const taken = ownSettings(topology)
    const kept = Object.entries(topology.database.settings).filter(([name]) => !taken.includes(name))
    return { ...topology, database: { ...topology.database, settings: Object.fromEntries(kept) } }
  },
  appliesTo: (topology) =>
    ownSettings(topology).length > 0 ||
    `the topology sets nothing of the database but its size (${OF_THE_MACHINE.join(', ')})`,
  helps: ['database-memory'],
  offered: 'when-diagnosed',
  // It changes whatever was set.
  tellsCause: false,
  sideEffect:
    'a restart of the database; what the settings were there for is gone, also where they stand for slow hardware',
  cost: () => 0,
}

function ownSettings({ database }: Topology): readonly string[] {
  return Object.keys(database.settings).filter((name) => !OF_THE_MACHINE.includes(name))
}
