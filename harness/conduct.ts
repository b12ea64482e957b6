import { HarnessError } from './core/errors.ts'
import type { FixStep } from './core/fixes.ts'
import { AbortWatch } from './core/measure/abort-watch.ts'
import type { LoadPlan } from './core/plan.ts'
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
import { checkInvariant, loadLedger } from './invariants.ts'
import type { Clock, Engine, Running } from './ports.ts'
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
  /** Moves to today's topology with these fixes, on freshly restored data, warmed up, with budgets on. */
  switchTo(fixes: readonly FixStep[], warmUp: readonly LoadPlan[], settle: LoadPlan): Promise<number>
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
  let death: HarnessError | null = null
  const died = new AbortController()
  const signal = AbortSignal.any([parts.interrupt, died.signal])

  running.onDeath(({ component, detail }) => {
    event('component-died', `${component}: ${detail}`)
    death ??= new HarnessError({
      code: 'environment',
      message: `${component} died in the middle of the run`,
      where: detail,
      hint: 'Nothing in the scenario asked for it. Run again; if it dies again, its last output above says why.',
    })
    died.abort(death)
  })

  const sampler = invariantSampler({
    invariants: parts.invariants,
    connect: running.connect,
    clock,
    tell: (sample) => folder.write({ kind: 'invariant-sample', ...sample }),
  })

  function event(name: EventLine['name'], detail: string): void {
    folder.write({ kind: 'event', atUs: clock.nowUs(), name, detail })
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
      throwIfOver()
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
        },
        signal,
        enough.signal,
      ),
    ).finally(() => {
      atUs = clock.nowUs()
      return stopSampling()
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
    quieten: () => whileAlive(() => quieten(running, signal)),
    async switchTo(fixes, warmUp, settle) {
      return whileAlive(async () => {
        if (fixes.length > 0) await running.apply(fixes)
        else if (arm >= 0) await running.undo()
        if (arm >= 0) {
          await running.enforceBudgets(false)
          await running.restoreData()
        }
        arm += 1
        for (const plan of warmUp) await drive(plan)
        await quieten(running, signal)
        await running.enforceBudgets(true)
        folder.write({
          kind: 'arm',
          atUs: clock.nowUs(),
          arm,
          fixes,
          topology: running.topology,
          isolation: running.isolation,
        })
        await drive(settle)
        return arm
      })
    },
    async checkInvariants(invariants) {
      if (invariants.length === 0) return
      await whileAlive(async () => {
        await running.enforceBudgets(false)
        await quieten(running, signal)
        const segmentsOfArm = new Set(
          folder.lines.flatMap((line) => (line.kind === 'segment' && line.arm === arm ? [line.segment] : [])),
        )
        const told = folder.lines.filter(
          (line) =>
            (line.kind === 'order' || line.kind === 'unknown-order') && segmentsOfArm.has(line.segment),
        )
        await loadLedger(
          running.query,
          told.filter((line) => line.kind === 'order'),
          told.filter((line) => line.kind === 'unknown-order'),
        )
        for (const invariant of invariants) {
          const found = await checkInvariant(running.query, invariant)
          folder.write({ kind: 'invariant', atUs: clock.nowUs(), arm, name: invariant.name, ...found })
        }
      })
    },
  }
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

const QUIET_POLL_MS = 150
const QUIET_LIMIT_MS = 3000
/** Idle wake-ups and probes leave components a little busy; a queue that is being worked off keeps them at their limit. */
const QUIET_BUSY_CORES = 0.06

/**
 * Waits until no component works: requests whose shoppers have left are still worked off by app and database, and
 * would otherwise be charged to the next segment.
 */
async function quieten(running: Running, signal: AbortSignal): Promise<void> {
  const until = Date.now() + QUIET_LIMIT_MS
  // Not the harness' own processes: enforcing a duty cycle keeps the supervisor busier than an idle component.
  const components = async () => (await running.endpoints.meter()).filter(({ role }) => role !== 'harness')
  let before = await components()
  while (Date.now() < until && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS))
    const now = await components()
    const busiest = Math.max(
      ...now.map((reading) => {
        const earlier = before.find(({ component }) => component === reading.component)
        return earlier ? (reading.usedUs - earlier.usedUs) / Math.max(1, reading.atUs - earlier.atUs) : 0
      }),
    )
    if (busiest < QUIET_BUSY_CORES) return
    before = now
  }
}
