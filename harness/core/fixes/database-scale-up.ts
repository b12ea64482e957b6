import type { Fix } from './fix.ts'

export const databaseScaleUp: Fix = {
  id: 'database.scale-up',
  label: (step, today) => `database CPU${today?.database.memoryMb == null ? '' : ' and memory'} ×${step}`,
  steps: () => [1.5, 2, 3, 4, 6, 8],
  apply: (topology, step) => ({
    ...topology,
    database: {
      ...topology.database,
      cpu: topology.database.cpu * step,
      memoryMb: topology.database.memoryMb === null ? null : Math.round(topology.database.memoryMb * step),
    },
  }),
  appliesTo: () => true,
  helps: ['database-cpu', 'database-missing-index', 'database-memory'],
  offered: 'always',
  tellsCause: true,
  sideEffect: 'a restart or failover of the database while it is resized',
  cost: (step) => step - 1,
}
