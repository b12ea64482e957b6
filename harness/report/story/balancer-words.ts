import type { RunBalancer } from '../../core/result.ts'

const ENGINES = { embedded: 'Doorbuster’s own (node:http and undici)', haproxy: 'HAProxy' } as const

/** "HAProxy, least-connections", and with fixes which other; `null`: the system was not started by us. */
export function balancerWords(balancers: readonly RunBalancer[] | undefined): string | null {
  // Results made before December 2026 do not say.
  const [today, ...others] = balancers ?? []
  if (!today) return null
  const more = others.length === 0 ? '' : `; with fixes: ${others.map(words).join('; ')}`
  return `${words(today)}${more}`
}

function words({ engine, algorithm }: RunBalancer): string {
  return engine === 'none'
    ? 'none: shoppers reached the first app server'
    : `${ENGINES[engine]}, ${algorithm}`
}
