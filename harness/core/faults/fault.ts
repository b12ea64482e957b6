/** What is done to a part of the system, by itself: to whom and how much, not when. */
export type FaultAct =
  | { readonly kind: 'kill'; readonly target: string }
  | { readonly kind: 'pause'; readonly target: string }
  | { readonly kind: 'restart'; readonly target: string }
  /** 0.2: a fifth of its CPU budget is left to it. */
  | { readonly kind: 'slow'; readonly target: string; readonly share: number }
  | { readonly kind: 'pause-replay'; readonly target: string }
  /** Every answer of the target reaches the app that much later. */
  | { readonly kind: 'delay'; readonly target: string; readonly byMs: number }
  /** This share of the app's connections to the target is broken, and of those it tries to open. */
  | { readonly kind: 'drop'; readonly target: string; readonly share: number }
  /** Somebody else takes all connections but this many. */
  | { readonly kind: 'fill-connections'; readonly target: string; readonly leaving: number }

export type FaultKindName = FaultAct['kind']
export type ActOf<Kind extends FaultKindName> = Extract<FaultAct, { readonly kind: Kind }>

/** When a fault begins: after this share of the surge's length (0.6 = 60 %), or this long after its start. */
export type FaultMoment =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'after'; readonly sec: number }

/** A fault on the timeline of every surge of a scenario. */
export type Fault = {
  readonly at: FaultMoment
  /** How long it lasts; `null`: until the surge is over, or (a restart, connections dropped once) as long as it takes. */
  readonly forSec: number | null
  readonly act: FaultAct
}

/** Second of a surge of this length at which the fault begins. */
export function beginsAtSec({ at }: Fault, surgeSec: number): number {
  return at.kind === 'share' ? at.share * surgeSec : at.sec
}
