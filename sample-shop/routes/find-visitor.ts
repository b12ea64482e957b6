import type { Request } from 'express'
import type { Connection } from '../data/database.ts'
import type { Account } from '../domain/account.ts'
import { hashToken } from '../domain/sign-in.ts'
import { readSessionCookie } from './read-input.ts'
import type { Shop } from './shop.ts'

/** Who is signed in; `null`, without asking the database, for everybody who brings no session. */
export async function findVisitor(
  { sessions }: Shop,
  connection: Connection,
  request: Request,
): Promise<Account | null> {
  const token = readSessionCookie(request)
  return token === null ? null : sessions.find(connection, hashToken(token))
}
