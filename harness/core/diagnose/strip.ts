import type { RunData } from '../run-data.ts'

/**
 * The run without anything that could give the answer away: topology, fixes, planted flaws, and the names a person gave
 * to the scenario and its journeys. Diagnosis reads this, so it can only go by what was measured.
 */
export function strip(run: RunData): RunData {
  const { header } = run
  return {
    ...run,
    header: {
      ...header,
      command: '',
      run: '',
      scenario: {
        ...header.scenario,
        name: '',
        question: '',
        path: '',
        hash: '',
        curveLabel: '',
        journeys: [],
      },
      options: { quick: header.options.quick, budgetSec: header.options.budgetSec, set: [] },
    },
    attached: run.attached && { ...run.attached, target: null, missing: [], levers: [] },
    watched: run.watched && { ...run.watched, program: '' },
    arms: run.arms.map((arm) => ({ ...arm, fixes: [], topology: null })),
    segments: run.segments.map((segment) => ({
      ...segment,
      line: {
        ...segment.line,
        plan: { ...segment.line.plan, scenarioPath: '', scenarioHash: '', journeys: [] },
      },
    })),
    events: [],
    invariants: [],
    invariantSamples: [],
  }
}
