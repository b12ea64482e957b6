import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { ShopError } from './shop-error.ts'

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

const KEY_BYTES = 32
const SALT_BYTES = 16
const BLOCK = 8

export type Passwords = {
  /** "scrypt$14$salt$key": a later change of the cost leaves what is stored readable. */
  hash(password: string): Promise<string>
  /** Whether it is the stored one; `null` (nobody of that name) is never, and takes the same work. */
  matches(password: string, stored: string | null): Promise<boolean>
}

/**
 * Hashes passwords on libuv's threads, never on the event loop. At most `atOnce` are under way or waiting: beyond
 * that a flood of sign-ins is refused, so that it queues neither memory nor the files and names the threads serve too.
 */
export function openPasswords(cost: number, atOnce: number): Passwords {
  const nobody = `scrypt$${cost}$${randomBytes(SALT_BYTES).toString('base64url')}$${randomBytes(KEY_BYTES).toString('base64url')}`
  let underWay = 0

  async function key(password: string, salt: Buffer, log2N: number): Promise<Buffer> {
    if (underWay >= atOnce)
      throw new ShopError(503, 'sign-in-busy', 'Too many people are signing in just now.')
    underWay++
    try {
      const N = 2 ** log2N
      // The same letters typed on different devices may come in different Unicode forms.
      return await derive(password.normalize('NFKC'), salt, KEY_BYTES, {
        N,
        r: BLOCK,
        maxmem: 256 * N * BLOCK,
      })
    } finally {
      underWay--
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      const derived = await key(password, salt, cost)
      return `scrypt$${cost}$${salt.toString('base64url')}$${derived.toString('base64url')}`
    },
    async matches(password, stored) {
      const [, log2N, salt, expected] = (stored ?? nobody).split('$')
      const wanted = Buffer.from(expected ?? '', 'base64url')
      const derived = await key(password, Buffer.from(salt ?? '', 'base64url'), Number(log2N))
      return wanted.length === derived.length && timingSafeEqual(wanted, derived) && stored !== null
    },
  }
}
