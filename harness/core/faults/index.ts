import { delay } from './delay.ts'
import { drop } from './drop.ts'
import type { FaultAct, FaultKindName } from './fault.ts'
import type { FaultKind } from './fault-kind.ts'
import { fillConnections } from './fill-connections.ts'
import { kill } from './kill.ts'
import { pause } from './pause.ts'
import { pauseReplay } from './pause-replay.ts'
import { restart } from './restart.ts'
import { slow } from './slow.ts'

const KINDS: { readonly [Kind in FaultKindName]: FaultKind<Kind> } = {
  kill,
  pause,
  restart,
  slow,
  'pause-replay': pauseReplay,
  delay,
  drop,
  'fill-connections': fillConnections,
}

/** How each kind is read, by the key that a scenario names it with. */
export const FAULT_INPUTS = {
  kill: kill.input,
  pause: pause.input,
  restart: restart.input,
  slow: slow.input,
  pauseReplay: pauseReplay.input,
  delay: delay.input,
  drop: drop.input,
  fillConnections: fillConnections.input,
} as const

/** What a fault does, as reports tell it: "app-2 was killed". */
export function faultSays(act: FaultAct): string {
  const { says } = KINDS[act.kind] as { readonly says: (act: FaultAct) => string }
  return says(act)
}
