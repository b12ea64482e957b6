import type { Fix } from './fix.ts'

/** What `topology.database.replicas` may be. */
const MOST_REPLICAS = 3

/** The least that may be more than the primary: most apps, the sample shop too, read there instead of on the primary. */
const USUAL_REPLICAS = 2

/**
 * Read replicas for an app that reads them (SHOP_REPLICA_URLS). Each is a whole server, and takes only what an app dares
 * to read from a copy: that is why it is not tried unasked. n of them carry at most n times what the primary did, or what
 * one of those there are does: as many are tried as that takes for the peak.
 */
export const databaseReplica: Fix = {
  id: 'database.replica',
  label: (step, today) => {
    const more = today && today.database.replicas > 0 ? ' more' : ''
    return `${['no', 'one', 'two', 'three'][step] ?? step}${more} read ${step === 1 ? 'replica' : 'replicas'}`
  },
  steps: ({ database: { replicas } }, { neededPerSec, capacityPerSec }) => {
    const possible = [1, 2, 3].filter((step) => replicas + step <= MOST_REPLICAS)
    const enough =
      capacityPerSec === null ? USUAL_REPLICAS : (Math.max(1, replicas) * neededPerSec) / capacityPerSec
    const sufficient = possible.filter((step) => replicas + step >= enough)
    return sufficient.length > 0 ? sufficient : possible.slice(-1)
  },
  apply: (topology, step) => ({
    ...topology,
    database: { ...topology.database, replicas: Math.min(MOST_REPLICAS, topology.database.replicas + step) },
  }),
  appliesTo: ({ database: { replicas } }) =>
    replicas < MOST_REPLICAS || `there are ${replicas} read replicas already`,
  helps: ['database-cpu'],
  offered: 'when-asked',
  tellsCause: false,
  sideEffect:
    'pages may be a moment behind; writes get no faster, and only an app that knows SHOP_REPLICA_URLS reads there',
  cost: (step) => step,
}
