import { HARNESS_CPU, topologyCpu } from '../../topology.ts'
import type { SegmentCheck } from '../check.ts'

/** Share of the readings that may be squeezed: budgets have slack most of the time, but not for a fifth of it. */
const HIGHEST_SHARE = 0.2
/** With a twentieth of the machine idle, nobody who was ready to run had to wait for long. */
const FULL_SHARE = 0.95

/**
 * Others (processes that are not ours, and a hypervisor that steals) left our budgets to be served. A reading is
 * squeezed when the machine was full AND what others took left less than our budgets add up to: then a component may
 * have got less than its budget, and the shop looks smaller than it is.
 */
export const hostContention: SegmentCheck = {
  name: 'machine left to us',
  voids: 'fail',
  makes: 'invalid',
  examine({ series }, { machine, topology, othersAreTheSystem }) {
    if (othersAreTheSystem) return null
    const budgets = (topology ? topologyCpu(topology) : 0) + HARNESS_CPU.generator + HARNESS_CPU.supervisor
    const readings = series.filter(({ probe }) => probe === 'host')
    if (readings.length === 0) return null
    const squeezed = readings.filter(({ values }) => {
      const cores = values['cores'] ?? machine.cores
      const taken = (values['othersCores'] ?? 0) + (values['stealCores'] ?? 0)
      const used = Math.max((values['busyCores'] ?? 0) + (values['stealCores'] ?? 0), taken)
      return used >= FULL_SHARE * cores && cores - taken < budgets
    })
    const value = squeezed.length / readings.length
    return {
      held: value <= HIGHEST_SHARE,
      value,
      threshold: HIGHEST_SHARE,
      says: `others left less than our ${budgets.toFixed(2)} cores of a full machine in ${(value * 100).toFixed(0)} % of the readings (at most ${HIGHEST_SHARE * 100} %)`,
    }
  },
}
