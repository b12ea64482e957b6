import { createHash, randomBytes } from 'node:crypto'
import type { Config } from '../config.ts'
import { clearAttempts, countAttempt, findCredentials, insertAccount } from '../data/accounts.ts'
import { type Connection, type Database, inTransaction, type Spent } from '../data/database.ts'
import type { SessionStore } from '../data/session-store.ts'
import type { Account } from './account.ts'
import type { Passwords } from './password.ts'

/** What signing in needs of the shop. */
type Desk = {
  readonly config: Config
  readonly database: Database
  readonly sessions: SessionStore
  readonly passwords: Passwords
}

export type SignedIn = { readonly kind: 'signed-in'; readonly account: Account; readonly token: string }

export type SignInResult =
  | SignedIn
  /** No such account, or not its password: nobody is told which. */
  | { readonly kind: 'wrong' }
  | { readonly kind: 'too-many'; readonly retryAfterSec: number }

const TOKEN_BYTES = 16

/**
 * Signs somebody in with a session of a new token; the one they came with ends, so that a token planted beforehand
 * opens nothing. No connection is held while the password is hashed.
 */
export async function signIn(
  { config, database, sessions, passwords }: Desk,
  spent: Spent,
  request: { readonly email: string; readonly password: string; readonly oldToken: string | null },
): Promise<SignInResult> {
  const { email, password, oldToken } = request
  const { signInAttempts, signInWindowMs, expiredSwept } = config
  const { attempts, credentials } = await database.hold(spent, async (connection) => ({
    attempts: await countAttempt(connection, email, signInWindowMs),
    credentials: await findCredentials(connection, email),
  }))
  if (attempts.attempts > signInAttempts) {
    return { kind: 'too-many', retryAfterSec: Math.max(1, Math.ceil(attempts.endsInMs / 1000)) }
  }
  const right = await passwords.matches(password, credentials?.password ?? null)
  if (!right || !credentials) return { kind: 'wrong' }
  const { password: _stored, ...account } = credentials
  return database.hold(spent, async (connection) => {
    await clearAttempts(connection, email, signInWindowMs, expiredSwept)
    const signedIn = await inTransaction(connection, () =>
      openSession(connection, config, sessions, account, oldToken),
    )
    await sessions.sweep(connection, expiredSwept)
    return signedIn
  })
}

/** Makes an account and signs it in, both or neither; `null` when the email has one already. */
export async function register(
  { config, database, sessions, passwords }: Desk,
  spent: Spent,
  request: {
    readonly email: string
    readonly name: string
    readonly password: string
    readonly oldToken: string | null
  },
): Promise<SignedIn | null> {
  const stored = await passwords.hash(request.password)
  return database.hold(spent, async (connection) => {
    const signedIn = await inTransaction(connection, async () => {
      const account = await insertAccount(connection, request.email, request.name, stored)
      return account && openSession(connection, config, sessions, account, request.oldToken)
    })
    if (signedIn) await sessions.sweep(connection, config.expiredSwept)
    return signedIn
  })
}

async function openSession(
  connection: Connection,
  config: Config,
  sessions: SessionStore,
  account: Account,
  oldToken: string | null,
): Promise<SignedIn> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  if (oldToken !== null) await sessions.close(connection, hashToken(oldToken))
  await sessions.open(connection, hashToken(token), account, config.sessionMs)
  return { kind: 'signed-in', account, token }
}

/** What of a session's token is kept. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
