import type {
  CapacityResult,
  Common,
  DiagnoseResult,
  RunResult,
  WatchResult,
  WhatIfResult,
} from '../../core/result.ts'
import { makeRehearsal } from './make-rehearsal.ts'

export type OtherResults = {
  readonly run: RunResult
  readonly capacity: CapacityResult
  readonly whatif: WhatIfResult
  readonly diagnose: DiagnoseResult
  readonly watch: WatchResult
}

/** The results of the other commands, cut out of a made-up rehearsal. */
export function makeOtherResults(): OtherResults {
  const { result } = makeRehearsal('does-not-hold')
  const { incident, bottleneck, ruledOut, invariants, header, capacity, whatif, surges } = result
  const common = <Command extends string>(command: Command, headline: string): Common<Command> => ({
    schema: result.schema,
    command,
    run: result.run,
    scope: result.scope,
    headline,
    exit: { code: 1, meaning: 'does not hold' },
    validity: result.validity,
    isolation: result.isolation,
    coreSpeed: { low: 0.84, median: 1.02, high: 1.36 },
    balancers: result.balancers,
    poolers: result.poolers,
    caches: result.caches,
    databases: result.databases,
    data: result.data,
    notTested: result.notTested,
    quick: false,
    partial: false,
    elapsedSec: 61,
  })
  return {
    run: {
      ...common('run', "Today's shop does not hold the surge"),
      verdict: 'does-not-hold',
      surge: surges[0]!,
      incident,
      impact: surges[0]!.impact,
      bottleneck,
      ruledOut,
      invariants,
      report: null,
      header,
    },
    capacity: {
      ...common('capacity', 'Capacity is 31 shoppers/s (28–34)'),
      capacity,
      usl: null,
      steps: whatif!.baseline.steps,
      atLeast: { perSec: 50, held: false },
    },
    whatif: { ...common('whatif', whatif!.conclusion), ...whatif! },
    diagnose: {
      ...common('diagnose', bottleneck.says),
      bottleneck,
      ruledOut,
      findings: [
        {
          class: 'database-cpu',
          says: 'the database is short of CPU',
          fixes: [
            {
              id: 'database.scale-up',
              gain: { metric: 'capacityPerSec', low: 53, likely: 58, high: 63, method: 'measured' },
            },
          ],
        },
      ],
    },
    watch: {
      ...common('watch', bottleneck.says),
      scope: 'attached',
      bottleneck,
      ruledOut,
      findings: [],
      firstSignSec: 4.2,
      firstSign: 'the database has no core to spare',
      watched: { program: 'k6', exitCode: 99, durationSec: 60 },
      report: null,
    },
  }
}
