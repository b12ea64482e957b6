import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { HarnessError } from '../core/errors.ts'

/**
 * Only loopback addresses may be loaded, unless the user says that a host is theirs. The address is checked, not the
 * name, and at connect time: a name that resolves elsewhere the second time does not escape.
 */
export type TargetGuard = {
  /** Why a connection to this host name or address literal must not be opened; `null`: its addresses decide. */
  refusal(host: string): HarnessError | null
  /**
   * Whether connections to this host can only end at a loopback address: a literal one, or a name that is not owned, which
   * gets through only where it resolves to one. (An owned name may resolve to another machine the next time.)
   */
  isThisMachine(host: string): boolean
  /** Resolves like dns.lookup, with a refusal when any of the addresses is not allowed. */
  readonly lookup: LookupFunction
}

/** Finds all addresses of a name, as `dns.lookup` does. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  found: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** A guard that lets loopback pass, and the hosts the user owns (names or addresses as in the URL). */
export function targetGuard(ownedHosts: readonly string[], resolve: Resolve = lookup): TargetGuard {
  const owned = new Set(ownedHosts.map(plainHost))
  const refusal = (host: string): HarnessError | null => {
    const plain = plainHost(host)
    if (owned.has(plain) || isIP(plain) === 0 || isLoopback(plain)) return null
    return refused(plain, plain)
  }
  return {
    refusal,
    isThisMachine: (host) => {
      const plain = plainHost(host)
      return isIP(plain) === 0 ? !owned.has(plain) : isLoopback(plain)
    },
    lookup: (host, options, answer) => {
      resolve(host, { ...options, all: true }, (error, addresses) => {
        if (error) return answer(error, '')
        const outside = addresses.find(({ address }) => !isLoopback(address))
        if (outside && !owned.has(plainHost(host))) return answer(refused(host, outside.address), '')
        if (options.all) return answer(null, addresses)
        const [first] = addresses
        return first ? answer(null, first.address, first.family) : answer(notFound(host), '')
      })
    },
  }
}

/**
 * Rejects when the URL is none of a site (`usage`), or when its host, as it resolves now, must not be loaded. A host that
 * does not resolve is let pass.
 */
export async function checkTarget(guard: TargetGuard, url: string): Promise<void> {
  const host = plainHost(siteOf(url).hostname)
  const refusal = guard.refusal(host)
  if (refusal) throw refusal
  if (isIP(host) !== 0) return
  await new Promise<void>((resolve, reject) => {
    guard.lookup(host, { all: true }, (error) => (error instanceof HarnessError ? reject(error) : resolve()))
  })
}

function siteOf(url: string): URL {
  const site = URL.canParse(url) ? new URL(url) : null
  if (site?.protocol === 'http:' || site?.protocol === 'https:') return site
  throw new HarnessError({
    code: 'usage',
    message: `"${url}" is no address of a site.`,
    where: url,
    hint: 'Write it like http://127.0.0.1:8080.',
  })
}

/** Node's BlockList also recognises IPv4 addresses mapped into IPv6 (::ffff:127.0.0.1). */
function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function plainHost(host: string): string {
  return host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
}

function refused(host: string, address: string): HarnessError {
  const what = host === address ? host : `${host} (${address})`
  return new HarnessError({
    code: 'refused-target',
    message: `Refused to load ${what}: it is not this machine.`,
    where: host,
    hint: `Only if this site is yours to overload, say so: --i-own-this-target ${host}`,
  })
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' })
}
