import { pbkdf2Sync } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { Config } from '../config.ts'

/** Rounds of one hash: some tenths of a millisecond, so that the time asked for is hardly overshot. */
const ROUNDS = 500

/** The flaw `blocked-loop`: every so many requests one hashes, as for a password, without letting go of the event loop. */
export function blockLoop({ blockEvery, blockMs }: Pick<Config, 'blockEvery' | 'blockMs'>): RequestHandler {
  let requests = 0
  return (_request, _response, next) => {
    requests++
    if (requests % blockEvery === 0) computeFor(blockMs)
    next()
  }
}

/** CPU time, not time: a computation is as much work on a slow machine. */
function computeFor(ms: number): void {
  const before = process.cpuUsage()
  for (let spentMs = 0; spentMs < ms; ) {
    pbkdf2Sync('password', 'salt', ROUNDS, 32, 'sha256')
    const { user, system } = process.cpuUsage(before)
    spentMs = (user + system) / 1000
  }
}
