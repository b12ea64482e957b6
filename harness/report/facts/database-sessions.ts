import type { SessionGroup } from '../../core/record.ts'
import type { SegmentData } from '../../core/run-data.ts'

export const SESSION_KINDS = ['cpu', 'lock', 'lwlock', 'io', 'idle-in-transaction', 'other'] as const
export type SessionKind = (typeof SESSION_KINDS)[number]

export type SessionsSecond = { readonly sec: number; readonly counts: Readonly<Record<SessionKind, number>> }

export type DatabaseSessions = {
  readonly seconds: readonly SessionsSecond[]
  /** CPU the database may use: so many sessions can compute at once. `null`: no budget. */
  readonly budgetCores: number | null
}

/** Database sessions by what they wait for, over one segment; `null` when the database was not sampled. */
export function databaseSessions({ series, line }: SegmentData): DatabaseSessions | null {
  const seconds: SessionsSecond[] = []
  let budgetCores: number | null = null
  for (const reading of series) {
    if (reading.role !== 'database') continue
    if (reading.probe === 'cpu') budgetCores = reading.values['budgetCores'] ?? budgetCores
    if (reading.probe !== 'database' || !reading.sessions) continue
    seconds.push({ sec: (reading.atUs - line.startUs) / 1e6, counts: countKinds(reading.sessions) })
  }
  return seconds.length < 2 ? null : { seconds, budgetCores }
}

function countKinds(groups: readonly SessionGroup[]): Record<SessionKind, number> {
  const counts: Record<SessionKind, number> = {
    cpu: 0,
    lock: 0,
    lwlock: 0,
    io: 0,
    'idle-in-transaction': 0,
    other: 0,
  }
  for (const group of groups) counts[kindOf(group)] += group.n
  return counts
}

function kindOf({ state, waitType }: SessionGroup): SessionKind {
  if (state === 'idle-in-transaction') return 'idle-in-transaction'
  if (waitType === null) return 'cpu'
  return waitType === 'lock' || waitType === 'lwlock' || waitType === 'io' ? waitType : 'other'
}
