/** What an algorithm may know of a server that can take the next request. */
export type ServerLoad = {
  readonly name: string
  /** Requests sent to it and not answered yet, as this balancer sees them. */
  readonly inFlight: number
  /** Its share in proportion to the others', above 0. */
  readonly weight: number
}

export type PickContext = { readonly clientAddress: string; readonly nowMs: number }

/** One balancing algorithm with whatever it remembers. Pure: time and chance are handed in. */
export type Balancing = {
  /** The server for the next request, out of a list that is not empty. */
  pick<T extends ServerLoad>(servers: readonly T[], context: PickContext): T
  /** Called when a server has answered (or failed), with the milliseconds it took. */
  observe(server: string, responseMs: number, nowMs: number): void
}

/** Whether all shares are alike, as they nearly always are: then nothing has to be weighed. */
export function alike(servers: readonly ServerLoad[]): boolean {
  const { weight } = servers[0]!
  for (const server of servers) if (server.weight !== weight) return false
  return true
}

/** A source of chance: uniform in [0, 1). */
export type Chance = () => number

/** For algorithms that learn nothing from answers. */
export function observeNothing(): void {}
