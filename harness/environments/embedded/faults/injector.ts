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

/**
 * Does the faults of a scenario to the components that run; what does not run, none is done to. Those on one component are
 * done and undone one after the other: a server that is being started again is not stopped halfway.
 */
export function injector(parts: FaultParts): (fault: Fault) => Promise<Injection> {
  const turns = new Map<string, Promise<unknown>>()
  function inTurn<Value>(target: string, act: () => Promise<Value>): Promise<Value> {
    const turn = (turns.get(target) ?? Promise.resolve()).then(act)
    turns.set(
      target,
      turn.catch(() => {}),
    )
    return turn
  }
  const inject = oneInjector(parts)
  return (fault) =>
    inTurn(fault.act.target, async () => {
      const injection = await inject(fault)
      if (!injection.done) return injection
      // What is taken down waits for nobody.
      const undo: typeof injection.undo = (afterwards) =>
        afterwards === 'down'
          ? injection.undo(afterwards)
          : inTurn(fault.act.target, () => injection.undo(afterwards))
      return { ...injection, undo }
    })
}

function oneInjector(parts: FaultParts): (fault: Fault) => Promise<Injection> {
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
