import type { HeaderLine } from '../../core/record.ts'
import type {
  AnyResult,
  Bottleneck,
  Capacity,
  CapacityResult,
  DiagnoseResult,
  Impact,
  Incident,
  InvariantResult,
  RehearseResult,
  RuledOut,
  RunResult,
  StepResult,
  SurgeResult,
  UncheckedInvariant,
  WatchResult,
  WhatIf,
  WhatIfResult,
  Winner,
} from '../../core/result.ts'

/** How the answer feels: bad news, good news, no clear answer, or a measurement that is not to be believed. */
export type Tone = 'bad' | 'good' | 'unsure' | 'void'

export type Peak = {
  readonly perSec: number
  readonly clicksPerSec: number | null
  readonly ordersPerMin: number | null
}

/**
 * One result of any command, with what the command does not answer as `null`: all reports are told from this.
 * When the measurement is not to be believed, everything it would have said is `null`, so that no report can show it.
 */
export type Story = {
  readonly result: AnyResult
  readonly header: HeaderLine | null
  readonly tone: Tone
  /** "TODAY DOES NOT HOLD" */
  readonly verdict: string
  readonly believable: boolean
  readonly peak: Peak | null
  readonly capacity: Capacity | null
  /** Capacity ÷ peak. */
  readonly covers: number | null
  readonly surges: readonly SurgeResult[]
  /** `null` also where the replay was compressed: its times are not those of what it replays. */
  readonly incident: Incident | null
  readonly impact: Impact | null
  readonly bottleneck: Bottleneck | null
  readonly ruledOut: readonly RuledOut[]
  readonly whatif: WhatIf | null
  readonly winner: Winner | null
  /** `null`: this command checks none. */
  readonly invariants: readonly InvariantResult[] | null
  /** Those that could not be asked. */
  readonly unchecked: readonly UncheckedInvariant[]
  /** The steps of each capacity search, by fix; today's first. */
  readonly searches: readonly { readonly label: string; readonly steps: readonly StepResult[] }[]
}

/** What one result has to tell; `header` is the record's, when there is one. */
export function toStory(result: AnyResult, header: HeaderLine | null): Story {
  const believable = isBelievable(result)
  const told = { ...NOTHING, ...tell(result, header) }
  const common = { result, header, believable }
  if (believable) {
    const covers = told.covers ?? ratioTo(told.capacity, told.peak)
    return { ...common, ...told, covers }
  }
  const { peak, surges, invariants, unchecked } = told
  const verdict = 'DO NOT BELIEVE THIS MEASUREMENT'
  return { ...common, ...NOTHING, peak, surges, invariants, unchecked, tone: 'void', verdict }
}

type Told = Omit<Story, 'result' | 'header' | 'believable'>

const NOTHING: Told = {
  tone: 'unsure',
  verdict: '',
  peak: null,
  capacity: null,
  covers: null,
  surges: [],
  incident: null,
  impact: null,
  bottleneck: null,
  ruledOut: [],
  whatif: null,
  winner: null,
  invariants: null,
  unchecked: [],
  searches: [],
}

/** Interrupted is incomplete, not wrong: such a run is shown, stamped PARTIAL. */
function isBelievable(result: AnyResult): boolean {
  if ('verdict' in result && result.verdict === 'invalid') return false
  if (result.command === 'diagnose') return result.validity.trusted || result.partial
  return result.exit.code !== 5
}

function tell(result: AnyResult, header: HeaderLine | null): Partial<Told> {
  switch (result.command) {
    case 'rehearse':
      return tellRehearse(result)
    case 'run':
      return tellRun(result)
    case 'capacity':
      return tellCapacity(result, header)
    case 'whatif':
      return tellWhatIf(result, header)
    case 'watch':
      return tellDiagnose(result, null)
    case 'diagnose':
      return tellDiagnose(result, header)
  }
}

const VERDICTS = {
  holds: { tone: 'good', verdict: 'TODAY HOLDS' },
  'does-not-hold': { tone: 'bad', verdict: 'TODAY DOES NOT HOLD' },
  inconclusive: { tone: 'unsure', verdict: 'NO CLEAR ANSWER' },
  invalid: { tone: 'void', verdict: 'DO NOT BELIEVE THIS MEASUREMENT' },
} as const satisfies Record<RehearseResult['verdict'], Pick<Told, 'tone' | 'verdict'>>

/** A shop that is fast and gets orders wrong does not hold. */
function verdictOf({ verdict, invariants }: RehearseResult | RunResult): Pick<Told, 'tone' | 'verdict'> {
  const broken = invariants.some(({ held }) => !held)
  if (broken && verdict === 'holds') return { tone: 'bad', verdict: 'FAST ENOUGH, BUT ORDERS ARE WRONG' }
  return VERDICTS[verdict]
}

function tellRehearse(result: RehearseResult): Partial<Told> {
  const { peak, capacity, covers, incident, impact, bottleneck, ruledOut, winner, surges, invariants } =
    result
  // A run that ended before its surge did has seen no incident, and no quiet surge either.
  const seen = surges.length > 0
  return {
    ...verdictOf(result),
    peak,
    capacity,
    covers,
    incident: seen && atRealSpeed(result.header) ? incident : null,
    impact,
    bottleneck: seen || capacity ? bottleneck : null,
    ruledOut: seen || capacity ? ruledOut : [],
    winner,
    surges,
    invariants,
    unchecked: result.uncheckedInvariants ?? [],
    whatif: result.whatif,
    searches: searchesOf(result.whatif),
  }
}

function tellRun(result: RunResult): Partial<Told> {
  const { incident, impact, bottleneck, ruledOut, invariants, surge } = result
  const peak = {
    perSec: result.header.scenario.peakPerSec,
    clicksPerSec: surge.peakClicksPerSec,
    ordersPerMin: null,
  }
  return {
    ...verdictOf(result),
    peak,
    incident: atRealSpeed(result.header) ? incident : null,
    impact,
    bottleneck,
    ruledOut,
    invariants,
    unchecked: result.uncheckedInvariants ?? [],
    surges: [surge],
  }
}

function atRealSpeed({ scenario }: HeaderLine): boolean {
  return scenario.speed === undefined
}

function tellCapacity(result: CapacityResult, header: HeaderLine | null): Partial<Told> {
  const { capacity, steps, atLeast } = result
  const told = { capacity, peak: peakOf(header), searches: [{ label: 'today', steps }] }
  if (!capacity) return { ...told, tone: 'unsure', verdict: 'NO CLEAR ANSWER' }
  if (!atLeast) return { ...told, tone: 'good', verdict: 'CAPACITY FOUND' }
  return atLeast.held
    ? { ...told, tone: 'good', verdict: 'ENOUGH CAPACITY' }
    : { ...told, tone: 'bad', verdict: 'TOO LITTLE CAPACITY' }
}

function tellWhatIf(result: WhatIfResult, header: HeaderLine | null): Partial<Told> {
  const holds = result.arms.some((arm) => arm.verdict === 'fixes')
  const measured = result.arms.some(({ capacity }) => capacity !== null)
  return {
    tone: holds ? 'good' : 'unsure',
    verdict: holds ? 'A FIX HOLDS' : measured ? 'NO FIX TRIED HOLDS' : verdictWithoutArms(result),
    peak: peakOf(header),
    capacity: result.baseline.capacity,
    whatif: result,
    searches: searchesOf(result),
  }
}

/** Of fixes nothing is known; of today's topology it may be known that it needs none. */
function verdictWithoutArms({ exit }: WhatIfResult): string {
  return exit.code === 0 ? 'NO FIX IS NEEDED' : 'NO FIX WAS MEASURED'
}

function tellDiagnose(result: DiagnoseResult | WatchResult, header: HeaderLine | null): Partial<Told> {
  const { bottleneck, ruledOut } = result
  if (result.exit.code === 3) return { tone: 'unsure', verdict: 'NOTHING WAS MEASURED' }
  const found = bottleneck.class !== 'none'
  const sure = bottleneck.confidence !== 'not-confirmed'
  return {
    tone: !sure ? 'unsure' : found ? 'bad' : 'good',
    verdict: !sure ? 'NOT CLEAR YET' : found ? 'BOTTLENECK FOUND' : 'NO BOTTLENECK',
    peak: peakOf(header),
    bottleneck,
    ruledOut,
  }
}

function peakOf(header: HeaderLine | null): Peak | null {
  return header && header.scenario.peakPerSec > 0
    ? { perSec: header.scenario.peakPerSec, clicksPerSec: null, ordersPerMin: null }
    : null
}

function ratioTo(capacity: Capacity | null, peak: Peak | null): number | null {
  return capacity && peak && peak.perSec > 0 ? capacity.perSec / peak.perSec : null
}

function searchesOf(whatif: WhatIf | null): Told['searches'] {
  if (!whatif) return []
  return [whatif.baseline, ...whatif.arms]
    .filter((arm) => arm.steps.length > 0)
    .map(({ label, steps }) => ({ label, steps }))
}
