import { alike, type Balancing, observeNothing, type ServerLoad } from './balancing.ts'

/**
 * Each server in turn, whatever its load. Unequal shares are interleaved: a server with three turns of four gets them as
 * A A B A (nginx's smooth weighted round-robin).
 */
export function roundRobin(): Balancing {
  const turns = new Turns()
  return { pick: (servers) => turns.next(servers), observe: observeNothing }
}

/** Whose turn it is. */
export class Turns {
  private turn = -1
  /** What each server is owed, in shares. */
  private readonly owed = new Map<string, number>()

  next<T extends ServerLoad>(servers: readonly T[]): T {
    if (!alike(servers)) return this.mostOwed(servers)
    this.turn = (this.turn + 1) % servers.length
    return servers[this.turn]!
  }

  private mostOwed<T extends ServerLoad>(servers: readonly T[]): T {
    let all = 0
    let best = servers[0]!
    let most = Number.NEGATIVE_INFINITY
    for (const server of servers) {
      const owed = (this.owed.get(server.name) ?? 0) + server.weight
      this.owed.set(server.name, owed)
      all += server.weight
      if (owed > most) {
        most = owed
        best = server
      }
    }
    this.owed.set(best.name, most - all)
    return best
  }
}
