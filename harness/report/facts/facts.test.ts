import { describe, expect, it } from 'vitest'
import { makeRehearsal } from '../testing/make-rehearsal.ts'
import { databaseSessions } from './database-sessions.ts'
import { measurementQuality } from './measurement-quality.ts'
import { surgeSegment } from './surge-segment.ts'
import { topStatements } from './top-statements.ts'
import { utilisation } from './utilisation.ts'

const { result, run } = makeRehearsal('does-not-hold')
const segment = surgeSegment(run, result.surges[0]!)!

describe('facts for the report', () => {
  it('finds the segment of a surge, or nothing', () => {
    expect(segment.line.segment).toBe(1)
    expect(surgeSegment({ ...run, segments: [] }, result.surges[0]!)).toBeNull()
  })

  it('gives CPU against its budget, and connections against the pool', () => {
    const uses = utilisation(segment)
    expect(uses.map(({ name, limit }) => `${name}: ${limit}`)).toEqual([
      'database CPU: 0.20 cores',
      'app-1 CPU: 0.30 cores',
      'app-1 connection pool: 10 connections',
      'balancer CPU: 0.25 cores',
      'generator CPU: 0.25 cores',
    ])
    expect(uses[0]!.maxRatio).toBeCloseTo(0.99, 5)
    expect(uses[0]!.points[0]!.sec).toBe(1)
  })

  it('leaves out what has no budget: there is no 100 %', () => {
    const series = segment.series.map((line) => {
      const { budgetCores: _, ...values } = line.values
      return { ...line, values }
    })
    expect(utilisation({ ...segment, series }).map(({ name }) => name)).toEqual(['app-1 connection pool'])
  })

  it('sorts sessions by what they wait for; no wait is CPU', () => {
    const sessions = databaseSessions(segment)!
    expect(sessions.budgetCores).toBe(0.2)
    const busiest = sessions.seconds.reduce((most, one) => (one.counts.cpu > most.counts.cpu ? one : most))
    expect(busiest.counts).toMatchObject({
      cpu: 9.2,
      io: 0.25,
      lock: 0.4,
      'idle-in-transaction': 0.3,
      lwlock: 0,
    })
    expect(databaseSessions({ ...segment, series: [] })).toBeNull()
  })

  it('adds statements up over the segment, heaviest first, shares of all of them', () => {
    const statements = topStatements(segment, 3)
    expect(statements.map(({ queryId }) => queryId)).toEqual(['11', '12', '13'])
    expect(statements[0]!.shareRatio).toBeCloseTo(0.61, 5)
    expect(statements[0]!.meanMs).toBeCloseTo(statements[0]!.execMs / statements[0]!.calls, 9)
    expect(topStatements({ ...segment, series: [] }, 3)).toEqual([])
  })

  it('merges send lag over segments, and says nothing where nothing was measured', () => {
    const quality = measurementQuality(run)
    expect(quality.sendLagP50Ms).toBeCloseTo(0.8, 1)
    expect(quality.sendLagP99Ms).toBeCloseTo(1.5, 1)
    expect(quality.voided).toEqual(['step at 35 shoppers/s repeated: host contention'])
    expect(measurementQuality({ ...run, segments: [] })).toMatchObject({
      sendLagP99Ms: null,
      generatorCores: null,
    })
  })
})
