import type { Fault } from '../../../core/faults/fault.ts'
import type { Injection } from '../../../ports.ts'
import { delay } from './delay.ts'
import { drop } from './drop.ts'
import { fillConnections } from './fill-connections.ts'
import { type FaultParts, notDone } from './injecting.ts'
import { kill } from './kill.ts'
import { pause } from './pause.ts'
import { pauseReplay } from './pause-replay.ts'
import { restart } from './restart.ts'
import { slow } from './slow.ts'

/** Does the faults of a scenario to the components that run; what does not run, none is done to. */
export function injector(parts: FaultParts): (fault: Fault) => Promise<Injection> {
  return async ({ act, forSec }) => {
    const { readings } = await parts.supervisor.ask('meter', null)
    if (!readings.some(({ component }) => component === act.target))
      return notDone(`no ${act.target} runs here`)
    switch (act.kind) {
      case 'kill':
        return kill(act, parts, forSec)
      case 'pause':
        return pause(act, parts, forSec)
      case 'restart':
        return restart(act, parts, forSec)
      case 'slow':
        return slow(act, parts, forSec)
      case 'pause-replay':
        return pauseReplay(act, parts, forSec)
      case 'delay':
        return delay(act, parts, forSec)
      case 'drop':
        return drop(act, parts, forSec)
      case 'fill-connections':
        return fillConnections(act, parts, forSec)
    }
  }
}
