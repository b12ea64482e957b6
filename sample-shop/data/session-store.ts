import type { Account } from '../domain/account.ts'
import type { Connection } from './database.ts'

/** Where sessions are kept, by the hash of their token. A store elsewhere than in Postgres ignores the connection. */
export type SessionStore = {
  open(connection: Connection, tokenHash: Buffer, account: Account, lastsMs: number): Promise<void>
  /** The account signed in; `null` when the session is unknown, closed or expired. */
  find(connection: Connection, tokenHash: Buffer): Promise<Account | null>
  close(connection: Connection, tokenHash: Buffer): Promise<void>
  /** Clears away expired sessions, at most this many. */
  sweep(connection: Connection, most: number): Promise<void>
}

/** Sessions in the table `sessions`: every instance knows them. */
export const postgresSessions: SessionStore = {
  async open(connection, tokenHash, account, lastsMs) {
    await connection.query(
      'session-open',
      `insert into sessions (token_hash, account_id, expires_at)
       values ($1, $2, now() + $3::float8 * interval '1 millisecond')`,
      [tokenHash, account.id, lastsMs],
    )
  },
  async find(connection, tokenHash) {
    const [account] = await connection.query<Account>(
      'session',
      `select a.id, a.email, a.name from sessions s join accounts a on a.id = s.account_id
        where s.token_hash = $1 and s.expires_at > now()`,
      [tokenHash],
    )
    return account ?? null
  },
  async close(connection, tokenHash) {
    await connection.query('session-close', 'delete from sessions where token_hash = $1', [tokenHash])
  },
  async sweep(connection, most) {
    // Rows another sign-in is clearing away just now are left to it.
    await connection.query(
      'sessions-sweep',
      `delete from sessions where token_hash in (
         select token_hash from sessions where expires_at < now() limit $1 for update skip locked)`,
      [most],
    )
  },
}
