import type { ArmLine, MachineFacts } from '../record.ts'
import type { Check } from '../result.ts'
import type { RunData, SegmentData } from '../run-data.ts'
import type { Slo } from '../scenario.ts'
import type { Topology } from '../topology.ts'

/** What a check needs to know beside the segment itself. */
export type SegmentFacts = {
  readonly slo: Slo
  readonly machine: MachineFacts
  readonly topology: Topology | null
  /** Doorbuster did not start the system, and it runs on this machine: its CPU cannot be told from that of others. */
  readonly othersAreTheSystem?: boolean
}

/** `null`: the record holds nothing to judge by. */
export type CheckFinding = Omit<Check, 'name' | 'segment'> | null

/**
 * One way in which a segment can be no measurement.
 * - `any`:  the load was not what the plan asked for, or was not timed right: whatever came out is void.
 * - `fail`: something outside took from the shop what its budgets promise. It can only make a shop look worse, so it
 *           voids a failing segment; one that passed in spite of it has passed.
 * - `pass`: the segment is too short or not steady. Overload looks like that too and is a fail, never invalid, so
 *           these are asked only of a step that would pass.
 */
export type SegmentCheck = {
  readonly name: string
  readonly voids: 'any' | 'fail' | 'pass'
  /** What a segment becomes that does not stand up to it: no measurement, one that says too little, or overload. */
  readonly makes: 'invalid' | 'inconclusive' | 'fail'
  readonly examine: (segment: SegmentData, facts: SegmentFacts) => CheckFinding
}

/** The facts for one segment of a run. */
export function segmentFacts(run: RunData, segment: SegmentData): SegmentFacts {
  const arm: ArmLine | undefined = run.arms.find(({ arm }) => arm === segment.line.arm)
  return {
    slo: run.header.scenario.slo,
    machine: run.header.machine,
    topology: arm?.topology ?? null,
    othersAreTheSystem: run.attached?.onThisMachine ?? false,
  }
}
