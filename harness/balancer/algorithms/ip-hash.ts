import { alike, type Balancing, observeNothing } from './balancing.ts'

/**
 * The same server for the same client address. Rendezvous hashing (Thaler & Ravishankar 1998): the server with the
 * highest hash of (address, server) wins, so a server that goes moves its own clients and nobody else's. Unequal shares
 * weigh the hashes (Schindelhauer & Schomaker 2005): a share that grows moves clients to that server and to no other.
 */
export function ipHash(): Balancing {
  return {
    pick(servers, { clientAddress }) {
      const even = alike(servers)
      let best = servers[0]!
      let highest = -1
      for (const server of servers) {
        const hash = hash32(`${clientAddress} ${server.name}`)
        const score = even ? hash : -server.weight / Math.log((hash + 0.5) / 2 ** 32)
        if (score > highest) {
          highest = score
          best = server
        }
      }
      return best
    },
    observe: observeNothing,
  }
}

/** FNV-1a, then the final mix of MurmurHash3: FNV alone leaves the high bits of short texts alike. */
function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
