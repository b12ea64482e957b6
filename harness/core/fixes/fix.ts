import type { BottleneckClass } from '../bottleneck.ts'
import type { Topology } from '../topology.ts'

/** Every fix there is, in the order reports list them. */
export const FIX_IDS = [
  'database.index',
  'checkout.shorten-lock',
  'shop.mend',
  'cache.single-flight',
  'app.pool-size',
  'pooler.add',
  'database.scale-up',
  'app.scale-out',
  'database.settings',
  'database.replica',
  'cache.add',
  'cache.redis',
  'shop.degrade',
  'shop.waiting-room',
  'balancer.limit',
  'balancer.algorithm',
  'balancer.spread',
] as const
export type FixId = (typeof FIX_IDS)[number]

/** One fix taken to one step. An arm is an ordered list of these; the empty list is today. */
export type FixStep = {
  readonly id: FixId
  readonly step: number
  /** What its user calls it, where it is a lever of theirs; absent: its usual name. */
  readonly label?: string
}

/** What the choice of a step may go by. */
export type Asked = {
  /** Shoppers/s that are to be carried: the peak with the headroom asked for. */
  readonly neededPerSec: number
  /** Measured capacity of today's topology, shoppers/s; `null`: not measured. */
  readonly capacityPerSec: number | null
  /** What today's topology surely carries: the lower end of that capacity's interval. */
  readonly surelyPerSec: number | null
}

/** A fix is a named change of the topology, with the steps it can be taken in. */
export type Fix = {
  readonly id: FixId
  /** As the reports call it: "database CPU ×3". Some say more when they know what runs today. */
  readonly label: (step: number, today?: Topology) => string
  /**
   * Steps from the cheapest up (for a scale-up: the factor on CPU; for a scale-out: the instances). The first is tried,
   * but of the two whose resource has a measured demand the first that carries the peak. Empty: cannot be told yet.
   */
  readonly steps: (today: Topology, asked: Asked) => readonly number[]
  readonly apply: (topology: Topology, step: number) => Topology
  /** `true`, or why it makes no sense on this topology. */
  readonly appliesTo: (topology: Topology) => true | string
  /** Bottleneck classes it should relieve (`field/postgres-bottlenecks.md` §2, the decision table). */
  readonly helps: readonly BottleneckClass[]
  /**
   * When it is tried by itself, where it applies: in every rehearsal, when the class diagnosed for today is among `helps`,
   * or only on `whatif --fix`.
   */
  readonly offered: 'always' | 'when-diagnosed' | 'when-asked'
  /** Topologies on which it may help against what `helps` names; on others it is tried only when asked for. Absent: any. */
  readonly offeredWhere?: (today: Topology) => boolean
  /**
   * It turns requests, or shoppers before they are in, away or has them wait, so that the shop goes on serving the others:
   * beyond capacity it is judged by the surge itself. Absent: it does not. Where shoppers wait, the surge is all there is to
   * judge by: a step begins with shoppers who are in already.
   */
  readonly sheds?: 'requests' | 'shoppers'
  /** It changes one resource alone: what it does to capacity speaks for or against a cause. */
  readonly tellsCause: boolean
  /** What else it brings with it. */
  readonly sideEffect: string
  /** Cost relative to today's topology, in units of today's monthly bill for the part it changes. */
  readonly cost: (step: number) => number
}
