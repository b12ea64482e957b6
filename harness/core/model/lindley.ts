/**
 * What a first-come, first-served station does to given arrivals and service times (any unit): when each departs. One
 * server is Lindley's recursion (1952), W' = max(0, W + S − A); more servers keep when each is free again (Kiefer and
 * Wolfowitz 1955). Arrivals ascend.
 */
export function departures(
  arrivals: ArrayLike<number>,
  services: ArrayLike<number>,
  servers = 1,
): Float64Array {
  const departed = new Float64Array(arrivals.length)
  const free = new Float64Array(servers)
  for (let i = 0; i < arrivals.length; i++) {
    let earliest = 0
    for (let server = 1; server < servers; server++) if (free[server]! < free[earliest]!) earliest = server
    const begins = Math.max(arrivals[i]!, free[earliest]!)
    departed[i] = begins + services[i]!
    free[earliest] = departed[i]!
  }
  return departed
}
