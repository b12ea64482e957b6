import { createHash } from 'node:crypto'
import type { Account } from '../domain/account.ts'
import type { Connection } from './database.ts'

/** An account with its stored password, by email in lower case; `null` when unknown. */
export async function findCredentials(
  connection: Connection,
  email: string,
): Promise<(Account & { readonly password: string }) | null> {
  const [row] = await connection.query<Account & { readonly password: string }>(
    'credentials',
    'select id, email, name, password from accounts where email = $1',
    [email],
  )
  return row ?? null
}

/** Writes a new account; `null` when the email has one already. */
export async function insertAccount(
  connection: Connection,
  email: string,
  name: string,
  password: string,
): Promise<Account | null> {
  const [account] = await connection.query<Account>(
    'account-insert',
    `insert into accounts (email, name, password) values ($1, $2, $3) on conflict (email) do nothing
     returning id, email, name`,
    [email, name, password],
  )
  return account ?? null
}

type Attempts = { readonly attempts: number; readonly endsInMs: number }

/** Counts a sign-in of this email before it is tried, so that many at once cannot outrun the limit. */
export async function countAttempt(
  connection: Connection,
  email: string,
  windowMs: number,
): Promise<Attempts> {
  const [row] = await connection.query<Attempts>(
    'attempt-count',
    `insert into sign_in_attempts as a (email_hash, attempts, since) values ($1, 1, now())
         on conflict (email_hash) do update
            set attempts = case when a.since < now() - $2::float8 * interval '1 millisecond'
                                then 1 else least(a.attempts, 1000000000) + 1 end,
                since = case when a.since < now() - $2::float8 * interval '1 millisecond' then now() else a.since end
     returning attempts, $2::float8 - extract(epoch from now() - since)::float8 * 1000 as "endsInMs"`,
    [hashEmail(email), windowMs],
  )
  return row!
}

/** Forgets the attempts of an email, and those of others whose window is over. */
export async function clearAttempts(
  connection: Connection,
  email: string,
  windowMs: number,
  most: number,
): Promise<void> {
  await connection.query(
    'attempts-clear',
    `delete from sign_in_attempts where email_hash = $1 or email_hash in (
       select email_hash from sign_in_attempts where since < now() - $2::float8 * interval '1 millisecond'
        limit $3 for update skip locked)`,
    [hashEmail(email), windowMs, most],
  )
}

function hashEmail(email: string): Buffer {
  return createHash('sha256').update(email).digest()
}
