import type { Clock, Endpoints } from '../../ports.ts'

/** Endpoints of nothing, but for what a test puts in. */
export function fakeEndpoints(over: Partial<Endpoints>): Endpoints {
  return {
    database: () => null,
    replicas: () => [],
    apps: () => [],
    balancer: () => null,
    pooler: () => null,
    cache: () => null,
    meter: async () => [],
    ...over,
  }
}

/** A clock that really runs. */
export function realClock(): Clock {
  const t0Ns = process.hrtime.bigint()
  return { t0Ns, nowUs: () => Number((process.hrtime.bigint() - t0Ns) / 1000n) }
}

/** A clock that stands where a test puts it. */
export function setClock(): Clock & { setUs(us: number): void } {
  let nowUs = 0
  return {
    t0Ns: 0n,
    nowUs: () => nowUs,
    setUs(us) {
      nowUs = us
    },
  }
}
