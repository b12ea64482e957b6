import { describe, expect, it } from 'vitest'
import type { SeriesLine } from '../record.ts'
import { unseenCpu } from './unseen-cpu.ts'

const sessions = (onCpu: number, active = onCpu) => ({
  active,
  onCpu,
  lock: active - onCpu,
  wal: 0,
  idleInTransaction: 0,
})

/** A second in which a statement was called so often and took so long each. */
const second = (calls: number, eachMs: number): SeriesLine => ({
  kind: 'series',
  atUs: 0,
  probe: 'database',
  role: 'database',
  component: 'database',
  values: {},
  statements: [
    {
      queryId: '1',
      query: 'select',
      calls,
      execMs: calls * eachMs,
      rows: calls,
      blocksHit: 0,
      blocksRead: 0,
    },
  ],
})

describe('the CPU of a database that cannot be seen', () => {
  it('is told by sessions against cores where those are known', () => {
    expect(unseenCpu(sessions(9), 8, [], [])).toMatchObject({ busyRatio: 1, usedCores: 9, budgetCores: 8 })
    expect(unseenCpu(sessions(2), 8, [], [])).toMatchObject({ busyRatio: 0.25 })
  })

  it('is told by the time that statements took where samples meet none, but for what they waited', () => {
    const busy = { ...second(0, 0), values: { activeSessionsByTime: 0.06 } }
    expect(unseenCpu(sessions(0), 0.08, [busy], [])?.busyRatio).toBeCloseTo(0.75)
    expect(unseenCpu(sessions(0, 4), 0.08, [busy], [])?.busyRatio).toBe(0)
  })

  it('is judged by how much longer statements run than in calm times where they are not: 1 − 1 ÷ stretch', () => {
    const cpu = unseenCpu(sessions(9), null, [second(100, 50)], [second(100, 5), second(20, 5)])
    expect(cpu).toMatchObject({ busyRatio: 0.9, budgetCores: null, from: { kind: 'stretch', factor: 10 } })
  })

  it('does not take waiting for locks for a shortage of CPU', () => {
    const cpu = unseenCpu(sessions(1, 10), null, [second(100, 50)], [second(100, 5)])
    expect(cpu?.busyRatio).toBe(0)
  })

  it('is not known when nothing ran before, or too little', () => {
    expect(unseenCpu(sessions(9), null, [second(100, 50)], [])).toBeNull()
    expect(unseenCpu(sessions(9), null, [second(5, 50)], [second(100, 5)])).toBeNull()
    expect(unseenCpu(null, 8, [], [])).toBeNull()
  })
})
