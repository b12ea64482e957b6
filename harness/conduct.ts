import { askInvariant, keepLedger } from './ask-invariants.ts'
import type { AttachedFacts } from './core/attached.ts'
import { HarnessError } from './core/errors.ts'
import type { Fault } from './core/faults/fault.ts'
import type { FixStep } from './core/fixes/index.ts'
import { AbortWatch } from './core/measure/abort-watch.ts'
import { type LoadPlan, planDurationSec } from './core/plan.ts'
import type {
  EngineEnd,
  EventLine,
  OrderLine,
  SegmentEndLine,
  SegmentLine,
  SegmentPurpose,
  SendLagLine,
  SeriesLine,
  SlotLine,
  UnknownOrderLine,
} from './core/record.ts'
import { type RunData, readRun, type SegmentData } from './core/run-data.ts'
import type { AbortRule, Invariant } from './core/scenario.ts'
import { FaultTimeline } from './inject-faults.ts'
import type { Clock, Engine, Running } from './ports.ts'
import { quieten } from './quieten.ts'
import { invariantSampler } from './sample-invariants.ts'
import type { RunFolder } from './store.ts'

/** What the conductor tells the live view as it happens. */
export type LiveLine = SlotLine | SeriesLine | SegmentLine

export type ConductorParts = {
  readonly running: Running
  readonly engine: Engine
  readonly folder: RunFolder
  readonly clock: Clock
  /** Rules of the scenario that end a step or a surge while it runs. */
  readonly abortWhen: readonly AbortRule[]
  /** Those that hold at any moment are asked during surges. */
  readonly invariants: readonly Invariant[]
  /** Done in every surge and undone when it is over. Absent: none. */
  readonly faults?: readonly Fault[]
  /** Aborted by Ctrl-C and the like. */
  readonly interrupt: AbortSignal
  readonly onLive: (line: LiveLine) => void
}

/**
 * Drives segments on one running system and writes what happened to the record. It holds no opinion: it neither
 * judges a step nor chooses the next one.
 */
export type Conductor = {
  readonly running: Running
  readonly clock: Clock
  /** The record so far, sorted. */
  data(): RunData
  /** Number of the arm that runs now. */
  arm(): number
  /**
   * Moves to today's topology with these fixes, on freshly restored data, warmed up, with budgets on. A component that is
   * not ready within `readyWithinMs` ends the arm.
   */
  switchTo(
    fixes: readonly FixStep[],
    warmUp: readonly LoadPlan[],
    settle: LoadPlan,
    readyWithinMs?: number,
  ): Promise<number>
  /**
   * Why only the arm that was being tried is over, when that is all this error means: its system did not come up, or did
   * not stay up. The record is told, and the next arm can be switched to. `null`: the run is over (today's own topology,
   * an interrupt, a bug of ours).
   */
  failedArm(error: unknown): string | null
  /** Drives one plan as a segment of its own and returns what was measured. */
  drive(plan: LoadPlan): Promise<SegmentData>
  /** Waits until the work of the last segment is done, 3 s at most. */
  quieten(): Promise<void>
  /** Loads this arm's acknowledged orders into `ledger`, unanswered keys into `unknown`; runs the scenario's invariants. */
  checkInvariants(invariants: readonly Invariant[]): Promise<void>
  event(name: EventLine['name'], detail: string): void
}

export function conductor(parts: ConductorParts): Conductor {
  const { running, engine, folder, clock } = parts
  let arm = -1
  let segments = 0
  let trying: readonly FixStep[] = []
  let death: HarnessError | null = null
  let notUp: HarnessError | null = null
  /** Something is gone, or in a state that nobody knows, that no move to another topology mends. */
  let ruined = false
  let died = new AbortController()
  const stopped = () => AbortSignal.any([parts.interrupt, died.signal])

  function giveUp(error: HarnessError): void {
    death ??= error
    died.abort(death)
  }
  const faults = new FaultTimeline({
    faults: parts.faults ?? [],
    running,
    clock,
    tell: (atUs, fault, detail) => folder.write({ kind: 'event', atUs, name: 'fault', detail, fault }),
    onFailure: (cause) => {
      // A component that does not come back is missing from this arm alone.
      if (!(cause instanceof HarnessError && cause.code === 'environment')) ruined = true
      giveUp(faultFailed(cause))
    },
  })

  running.onDeath(({ component, detail }) => {
    if (faults.asksForDeath(component)) return
    event('component-died', `${component}: ${detail}`)
    if (IRREPLACEABLE.has(component)) ruined = true
    giveUp(unexpectedDeath(component, detail, faults.acting()))
  })

  const sampler = invariantSampler({
    invariants: parts.invariants,
    connect: running.connect,
    clock,
    ...(running.attached && { statementTimeoutMs: THEIRS_SAMPLED_MS }),
    tell: (sample) => folder.write({ kind: 'invariant-sample', ...sample }),
  })

  function event(name: EventLine['name'], detail: string): void {
    folder.write({ kind: 'event', atUs: clock.nowUs(), name, detail })
  }

  /** Whether the next arm can be moved to when this one is over. */
  function canGoOn(): boolean {
    return trying.length > 0 && !parts.interrupt.aborted && !ruined
  }

  /** Runs one act; when the run was interrupted or a component died meanwhile, that is what went wrong. */
  async function whileAlive<T>(act: () => Promise<T>): Promise<T> {
    const throwIfOver = () => {
      if (death) throw death
      if (parts.interrupt.aborted) throw interrupted(parts.folder)
    }
    throwIfOver()
    try {
      const value = await act()
      throwIfOver()
      return value
    } catch (cause) {
      // What kept a component from coming up says more than that it is gone.
      if (cause !== notUp) throwIfOver()
      throw cause
    }
  }

  /** Puts this topology and fresh data in place; an error of it is kept as the reason why the arm is not up. */
  async function standUp(fixes: readonly FixStep[], readyWithinMs: number | undefined): Promise<void> {
    try {
      if (fixes.length > 0) {
        await running.apply(fixes, readyWithinMs === undefined ? undefined : { readyWithinMs })
      } else if (arm >= 0) await running.undo()
      if (arm >= 0) {
        await running.enforceBudgets(false)
        for (const component of await running.restoreData())
          event(
            'note',
            `${component} did not come back by itself when its database connections were closed between two arms, and was started anew`,
          )
      }
    } catch (cause) {
      if (cause instanceof HarnessError && cause.code === 'environment') notUp = cause
      throw cause
    }
  }

  async function drive(plan: LoadPlan): Promise<SegmentData> {
    const segment = segments++
    let line: SegmentLine | null = null
    const slots: SlotLine[] = []
    const sendLags: SendLagLine[] = []
    const orders: OrderLine[] = []
    const unknownOrders: UnknownOrderLine[] = []
    const enough = new AbortController()
    const stopSampling = SAMPLED.has(plan.purpose) ? sampler.start(arm) : async () => {}
    let watch: AbortWatch | null = null
    let rule: string | null = null
    let atUs = 0
    let driven = false
    const end = await whileAlive(() =>
      engine.drive(
        plan,
        running.url,
        {
          slot(slot) {
            const written: SlotLine = { kind: 'slot', segment, ...slot }
            slots.push(written)
            folder.write(written)
            parts.onLive(written)
            watch?.add(written)
          },
          sendLag(lag) {
            const written: SendLagLine = { kind: 'send-lag', segment, ...lag }
            sendLags.push(written)
            folder.write(written)
          },
          series(series) {
            const written: SeriesLine = { kind: 'series', ...series }
            folder.write(written)
            parts.onLive(written)
            // The engine's reading of a second comes behind the slots that are told with it.
            if (rule !== null || series.probe !== 'generator') return
            rule = watch?.tick(series.atUs, series.values['intended'] ?? 0) ?? null
            if (rule === null) return
            enough.abort()
            event('segment-ended-early', `segment ${segment}: ${rule}`)
          },
          order(order) {
            const written: OrderLine = { kind: 'order', segment, ...order }
            orders.push(written)
            folder.write(written)
          },
          unknownOrder(unknown) {
            const written: UnknownOrderLine = { kind: 'unknown-order', segment, ...unknown }
            unknownOrders.push(written)
            folder.write(written)
          },
        },
        (startUs) => {
          line = { kind: 'segment', segment, arm, purpose: plan.purpose, startUs, plan }
          // Warming up is not judged by anything.
          if (parts.abortWhen.length > 0 && plan.purpose !== 'warm-up')
            watch = new AbortWatch(parts.abortWhen, startUs)
          folder.write(line)
          parts.onLive(line)
          if (plan.purpose === 'surge') faults.start(segment, startUs, planDurationSec(plan))
        },
        stopped(),
        enough.signal,
      ),
    )
      .then((engineEnd) => {
        driven = true
        return engineEnd
      })
      .finally(async () => {
        atUs = clock.nowUs()
        // Before anybody waits for the database: it may stand still.
        await faults.end(driven ? 'goes-on' : death && canGoOn() ? 'next-arm' : 'down')
        await stopSampling()
        if (driven && death) throw death
      })
    const early = endedEarly(plan, end, rule)
    const endLine: SegmentEndLine = {
      kind: 'segment-end',
      segment,
      atUs,
      aborted: early?.aborted ?? null,
      ...(early && { abortedBy: early.abortedBy }),
      engine: end,
    }
    folder.write(endLine)
    if (early?.abortedBy === 'ceiling') event('segment-ended-early', `segment ${segment}: ${early.aborted}`)
    const started = line as SegmentLine | null
    if (!started)
      throw new HarnessError({ code: 'bug', message: 'the engine ended a plan that it never started' })
    return {
      line: started,
      slots,
      sendLags,
      orders,
      unknownOrders,
      series: seriesBetween(folder, started.startUs, atUs),
      end: endLine,
    }
  }

  return {
    running,
    clock,
    data() {
      const run = readRun(folder.lines)
      if (!run) throw new HarnessError({ code: 'bug', message: 'the record has no header' })
      return run
    },
    arm: () => arm,
    event,
    drive,
    quieten: () => whileAlive(() => quieten(running, stopped())),
    async switchTo(fixes, warmUp, settle, readyWithinMs) {
      return whileAlive(async () => {
        trying = fixes
        await standUp(fixes, readyWithinMs)
        arm += 1
        for (const plan of warmUp) await drive(plan)
        await quieten(running, stopped())
        await running.enforceBudgets(true)
        folder.write({
          kind: 'arm',
          atUs: clock.nowUs(),
          arm,
          fixes,
          topology: running.topology,
          isolation: running.isolation,
          ...databaseCores(running.attached, fixes),
        })
        await drive(settle)
        return arm
      })
    },
    failedArm(error) {
      if (!canGoOn()) return null
      const failure = [notUp, death].find((one) => one !== null && one === error)
      if (!failure) return null
      const reason = failure === notUp ? failure.message : `${failure.message}\n${failure.where ?? ''}`.trim()
      const when = failure === notUp ? 'standing-up' : 'under-load'
      folder.write({ kind: 'arm-failed', atUs: clock.nowUs(), fixes: trying, when, reason })
      notUp = null
      death = null
      died = new AbortController()
      return reason
    },
    async checkInvariants(invariants) {
      if (invariants.length === 0) return
      await whileAlive(async () => {
        await running.enforceBudgets(false)
        await quieten(running, stopped())
        await keepLedger(running, ordersOf(folder, arm))
        for (const invariant of invariants) {
          const found = await askInvariant(running, invariant)
          if (typeof found === 'string') {
            event('note', `invariant "${invariant.name}" was not checked: ${found}`)
            continue
          }
          folder.write({ kind: 'invariant', atUs: clock.nowUs(), arm, name: invariant.name, ...found })
        }
      })
    },
  }
}

/** What shoppers of this arm were told of their orders, and what nobody told them. */
function ordersOf({ lines }: RunFolder, arm: number): readonly (OrderLine | UnknownOrderLine)[] {
  const segmentsOfArm = new Set(
    lines.flatMap((line) => (line.kind === 'segment' && line.arm === arm ? [line.segment] : [])),
  )
  return lines.flatMap((line) =>
    (line.kind === 'order' || line.kind === 'unknown-order') && segmentsOfArm.has(line.segment) ? [line] : [],
  )
}

/** What the environment calls the process that starts all others, and the one between app and database: no arm brings them back. */
const IRREPLACEABLE: ReadonlySet<string> = new Set(['supervisor', 'fault-proxy'])

/** Of a database that cannot be seen, after levers that give it more. */
function databaseCores(
  attached: AttachedFacts | undefined,
  fixes: readonly FixStep[],
): { readonly databaseCores?: number } {
  if (!attached || attached.databaseCores === null) return {}
  const factor = fixes.find(({ id }) => id === 'database.scale-up')?.step ?? 1
  return { databaseCores: attached.databaseCores * factor }
}

/** Of a system that others use, no statement may take longer under load (ms). */
const THEIRS_SAMPLED_MS = 200
function unexpectedDeath(component: string, detail: string, acting: readonly string[]): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${component} died in the middle of the run${acting.length === 0 ? '' : `, while ${acting.join(' and ')}`}`,
    where: detail,
    hint:
      acting.length === 0
        ? 'Nothing in the scenario asked for it. Run again; if it dies again, its last output above says why.'
        : `The fault did not ask for this: ${component} must outlive it. Its last output above says why it did not.`,
  })
}

function faultFailed(cause: unknown): HarnessError {
  if (cause instanceof HarnessError) return cause
  return new HarnessError({
    code: 'environment',
    message: `a fault could not be done or undone: ${cause instanceof Error ? cause.message : String(cause)}`,
    where: 'faults',
    hint: 'The system was left in an unknown state and is taken down. Run again, or without this fault.',
    cause,
  })
}

/** A step is short, and a warm-up is not judged. */
const SAMPLED: ReadonlySet<SegmentPurpose> = new Set(['surge', 'recovery'])

/** Why a segment ended before its plan did. A ceiling of ours outweighs a rule: what it cut off says nothing of the shop. */
function endedEarly(
  plan: LoadPlan,
  end: EngineEnd,
  rule: string | null,
): Required<Pick<SegmentEndLine, 'aborted' | 'abortedBy'>> | null {
  if (end.endedEarly === 'max-requests')
    return { aborted: `the ceiling of ${plan.limits.maxRequests} requests`, abortedBy: 'ceiling' }
  return rule === null ? null : { aborted: rule, abortedBy: 'rule' }
}

export function interrupted(folder: Pick<RunFolder, 'path'>): HarnessError {
  return new HarnessError({
    code: 'interrupted',
    message: 'interrupted',
    where: folder.path,
    hint: 'The partial record is kept: read it with "report" and that path.',
  })
}

/** The readings of the last minutes that fall into a window; the record's tail is searched from its end. */
function seriesBetween(folder: RunFolder, fromUs: number, toUs: number): SeriesLine[] {
  const found: SeriesLine[] = []
  for (let i = folder.lines.length - 1; i >= 0; i--) {
    const line = folder.lines[i]!
    if (line.kind === 'segment' && line.startUs <= fromUs) break
    if (line.kind === 'series' && line.atUs >= fromUs && line.atUs <= toUs) found.push(line)
  }
  return found.reverse()
}
