import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BottleneckClass } from '../bottleneck.ts'
import type { SeriesLine } from '../record.ts'
import type { RunData } from '../run-data.ts'
import { readings, type Shape, surgeAtLimit } from '../testing/surge-at-limit.ts'
import { diagnose } from './diagnose.ts'
import { RULES } from './index.ts'
import { diagnosisWindows } from './windows.ts'

const WINDOW_SEC = { firstSignSec: 5, onsetSec: 10 }
const diagnosed = (run: RunData) => diagnose(run, diagnosisWindows(run, WINDOW_SEC, []))

const SIGNATURES: readonly (readonly [BottleneckClass, string, Shape])[] = [
  ['database-cpu', 'database CPU used up', { database: 0.98, onCpu: 4, queryMs: 40, slow: true }],
  [
    'database-cpu',
    '… and requests wait for connections',
    { database: 0.98, onCpu: 9, waiting: 25, waitMs: 400, queryMs: 90, loopBusy: 0.4, slow: true },
  ],
  [
    'database-cpu',
    '… and the app is fairly busy too',
    { database: 0.99, app: 0.82, onCpu: 9, waiting: 12, queryMs: 60, slow: true },
  ],
  [
    'database-missing-index',
    'a table scanned for a few rows',
    { database: 0.98, onCpu: 8, waiting: 10, queryMs: 80, scanning: true, slow: true },
  ],
  [
    'database-lock',
    'sessions wait for a row',
    { database: 0.3, onCpu: 0.4, lock: 5, queryMs: 200, slow: true },
  ],
  [
    'database-lock',
    '… and requests wait for connections',
    { database: 0.3, onCpu: 0.4, lock: 9, waiting: 30, waitMs: 700, queryMs: 400, slow: true },
  ],
  [
    'database-connections',
    'the database has no connection left, and time',
    { database: 0.4, app: 0.5, instances: 4, connections: 100, refused: 12, slow: true },
  ],
  [
    'database-cpu',
    'the database has no connection left, and no time either',
    { database: 0.98, onCpu: 30, queryMs: 300, connections: 100, refused: 12, slow: true },
  ],
  ['none', 'every connection is taken, and none refused', { database: 0.4, connections: 100 }],
  [
    'cache-stampede',
    'the database is used up when kept pages expire, and has time in between',
    { database: 0.98, onCpu: 6, queryMs: 80, waiting: 9, expiring: 'calm-between', slow: true },
  ],
  [
    'database-cpu',
    'the database is used up when kept pages expire, and in between',
    { database: 0.98, onCpu: 6, queryMs: 80, waiting: 9, expiring: 'busy-between', slow: true },
  ],
  [
    'none',
    'kept pages expire together, and the database has time for that',
    { database: 0.5, expiring: 'calm-between' },
  ],
  [
    'database-memory',
    'the kernel kills sessions, and the database ends them all',
    { kills: 1, restarts: 1, database: 0.6, slow: true },
  ],
  [
    'database-memory',
    '… and has no CPU left from then on',
    { kills: 1, restarts: 1, database: 0.98, onCpu: 9, waiting: 20, queryMs: 90, slow: true },
  ],
  [
    'database-cpu',
    '… which had no CPU left, and was slow, long before',
    {
      ...{ kills: 1, restarts: 1, killsFromSec: 11 },
      ...{ database: 0.98, onCpu: 9, waiting: 20, queryMs: 90, slow: true },
    },
  ],
  ['none', 'memory is limited, and enough', { kills: 0, database: 0.6 }],
  [
    'none',
    'sessions are killed, but not for want of memory',
    { kills: 0, restarts: 1, database: 0.6, slow: true },
  ],
  [
    'database-cpu',
    'memory is limited, and enough, but CPU is not',
    { kills: 0, database: 0.98, onCpu: 4, queryMs: 40, slow: true },
  ],
  [
    'replica-lag',
    'a replica is behind, and shoppers get pages of before',
    { replicaLagMs: 1000, wrongPages: 0.2 },
  ],
  ['none', 'a replica is behind, and every page is right', { replicaLagMs: 1000, slow: true }],
  ['none', 'pages are wrong, and the replica keeps up', { replicaLagMs: 4, wrongPages: 0.2 }],
  [
    'database-cpu',
    'a replica is behind because nothing has CPU, and every page is right',
    { replicaLagMs: 1500, database: 0.98, onCpu: 4, queryMs: 40, slow: true },
  ],
  [
    'pool-wait',
    'connections held while idle',
    { database: 0.35, onCpu: 0.5, waiting: 18, waitMs: 500, queryMs: 5, slow: true },
  ],
  [
    'pool-wait',
    'requests wait in the pooler, and the app has connections enough',
    { database: 0.35, onCpu: 0.5, pooled: 18, queryMs: 300, slow: true },
  ],
  [
    'pool-wait',
    '… and in the app, too',
    { database: 0.35, onCpu: 0.5, pooled: 5, waiting: 30, waitMs: 400, queryMs: 90, slow: true },
  ],
  [
    'database-cpu',
    'requests wait in the pooler because the database has no CPU left',
    { database: 0.98, onCpu: 4, pooled: 18, queryMs: 300, slow: true },
  ],
  [
    'database-cpu',
    'a pooler in which nobody waits, and the database has no CPU left',
    { database: 0.98, onCpu: 4, pooled: 0, queryMs: 300, slow: true },
  ],
  [
    'database-lock',
    'requests wait in the pooler because those that have a connection wait for a lock',
    { database: 0.3, onCpu: 0.3, lock: 4.5, pooled: 18, queryMs: 300, slow: true },
  ],
  ['none', 'a pooler in which nobody waits', { pooled: 0 }],
  [
    'none',
    'a pooler with a queue for moments, and slow for a reason nobody saw',
    { pooled: 0.2, slow: true },
  ],
  [
    'pool-wait',
    'connections that are not given back',
    { database: 0.1, onCpu: 0.1, waiting: 40, waitMs: 900, kept: 8, slow: true },
  ],
  [
    'database-bloat',
    'updates leave dead rows faster than they can be cleared, and take most of the time',
    { database: 0.98, onCpu: 3, waiting: 9, queryMs: 40, updating: 'leaving-rows', slow: true },
  ],
  [
    'database-cpu',
    'as many updates leave the indexes alone',
    { database: 0.98, onCpu: 3, waiting: 9, queryMs: 40, updating: 'index-alone', slow: true },
  ],
  ['none', 'updates leave dead rows, and the database has time', { database: 0.5, updating: 'leaving-rows' }],
  [
    'database-idle-in-transaction',
    'connections held by transactions in which nothing happens',
    { database: 0.2, onCpu: 0.2, idleInTransaction: 9, waiting: 30, waitMs: 500, queryMs: 5, slow: true },
  ],
  [
    'none',
    'transactions stand idle, and nobody waits for their connections',
    { database: 0.2, onCpu: 0.2, idleInTransaction: 9 },
  ],
  [
    'database-lock',
    'one transaction stands idle, and all others wait for its lock',
    { database: 0.2, onCpu: 0.2, idleInTransaction: 1, lock: 8, waiting: 20, queryMs: 300, slow: true },
  ],
  [
    'app-cpu',
    'transactions stand idle because the app has no CPU left',
    { app: 0.98, loopBusy: 0.99, onCpu: 0.2, idleInTransaction: 8, waiting: 20, slow: true },
  ],
  [
    'database-wal',
    'sessions wait for flushes',
    { database: 0.5, onCpu: 0.6, wal: 6, waiting: 3, waitMs: 20, queryMs: 9, slow: true },
  ],
  ['none', 'sessions wait for flushes, and everybody is served', { database: 0.5, wal: 6, queryMs: 9 }],
  [
    'database-cpu',
    'sessions wait for flushes because the database has no CPU left',
    { database: 0.98, onCpu: 2, wal: 4, waiting: 9, queryMs: 40, slow: true },
  ],
  [
    'database-connections',
    'the database has no connection left, and each waits for flushes',
    { database: 0.5, onCpu: 0.5, wal: 5, queryMs: 60, connections: 98, refused: 9, slow: true },
  ],
  [
    'database-connections',
    '… and pools count those they ask for as taken',
    { database: 0.3, onCpu: 0.3, kept: 8, waiting: 20, waitMs: 300, connections: 98, refused: 9, slow: true },
  ],
  [
    'retry-storm',
    'each page is worked on twice, and the database is used up',
    { database: 0.98, onCpu: 2, queryMs: 40, waiting: 9, repeated: 2, slow: true },
  ],
  [
    'retry-storm',
    '… and has time, and requests wait for connections',
    { database: 0.5, onCpu: 0.5, waiting: 90, waitMs: 800, repeated: 3, slow: true },
  ],
  [
    'database-cpu',
    'the database is used up by pages that are worked on once',
    { database: 0.98, onCpu: 2, queryMs: 40, waiting: 9, repeated: 1, slow: true },
  ],
  [
    'database-cpu',
    '… or a few of them twice, as a budget allows',
    { database: 0.98, onCpu: 2, queryMs: 40, waiting: 9, repeated: 1.2, slow: true },
  ],
  [
    'app-cpu',
    'the event loop stands still now and then',
    { app: 0.5, loopBusy: 0.6, loopLateMs: 400, onCpu: 0.1, waiting: 3, waitMs: 30, slow: true },
  ],
  ['none', '… and everybody is served', { app: 0.5, loopBusy: 0.6, loopLateMs: 400 }],
  [
    'database-cpu',
    '… and the database is used up',
    { database: 0.98, onCpu: 3, app: 0.5, loopLateMs: 400, waiting: 9, queryMs: 60, slow: true },
  ],
  ['app-cpu', 'app CPU used up', { app: 0.98, onCpu: 0.5, loopBusy: 0.99, queryMs: 9, slow: true }],
  [
    'app-cpu',
    '… and requests wait for connections',
    { app: 0.98, onCpu: 0.5, loopBusy: 0.99, waiting: 8, waitMs: 60, queryMs: 60, slow: true },
  ],
  [
    'app-cpu',
    '… on three servers, the database fairly busy',
    { app: 0.97, database: 0.8, onCpu: 1, loopBusy: 0.99, instances: 3, slow: true },
  ],
  [
    'database-cpu',
    'both at their limit, sessions pile up in the database',
    { database: 0.98, app: 0.95, onCpu: 9, waiting: 9, loopBusy: 0.97, slow: true },
  ],
  [
    'database-cpu',
    '… and locks are held long because of it',
    { database: 0.98, onCpu: 1.5, lock: 6, waiting: 9, queryMs: 200, slow: true },
  ],
  [
    'app-cpu',
    'both at their limit, the database has few sessions',
    { database: 0.93, app: 0.98, onCpu: 1, waiting: 9, loopBusy: 0.99, slow: true },
  ],
  [
    'generator',
    'sends are late',
    { database: 0.6, sendLagMs: 400, generatorLoopMs: 300, sent: 0.9, slow: true },
  ],
  [
    'generator',
    '… although the database seems used up',
    { database: 0.98, onCpu: 8, waiting: 5, sendLagMs: 400, generatorLoopMs: 300, slow: true },
  ],
  ['none', 'nothing at its limit', { database: 0.6, app: 0.5 }],
  ['none', 'slow for a reason nobody saw', { database: 0.4, app: 0.4, slow: true }],
]

describe('diagnose', () => {
  it.each(SIGNATURES)('%s: %s', (expected, _, limit) => {
    const { bottleneck, ruledOut } = diagnosed(surgeAtLimit(limit))
    expect(bottleneck.class).toBe(expected)
    expect(ruledOut.map((out) => out.class)).not.toContain(expected)
    expect(ruledOut.every(({ because }) => because.length > 10)).toBe(true)
    expect(ruledOut).toHaveLength(RULES.length - (expected === 'none' ? 0 : 1))
  })

  it('names a class only when two layers agree', () => {
    const { bottleneck } = diagnosed(surgeAtLimit({ database: 0.98, onCpu: 4, queryMs: 40, slow: true }))
    const layers = new Set(bottleneck.evidence.filter(({ supports }) => supports).map(({ layer }) => layer))
    expect(layers.size).toBeGreaterThanOrEqual(2)
    const run = surgeAtLimit({ database: 0.98, onCpu: 4, slow: true })
    const databaseOnly = { ...run, series: run.series.filter(({ role }) => role === 'database') }
    expect(diagnosed(databaseOnly).bottleneck.class).toBe('none')
    expect(diagnosed(databaseOnly).ruledOut.find((out) => out.class === 'database-cpu')!.because).toContain(
      'two must agree',
    )
  })

  it('says it in one plain sentence with figures', () => {
    const says = (limit: Shape) => diagnosed(surgeAtLimit(limit)).bottleneck.says
    expect(says({ database: 0.98, onCpu: 4, queryMs: 40 })).toBe(
      'database CPU: 98 % of 0.20 cores, 60 % of it "best sellers"',
    )
    expect(says({ database: 0.98, onCpu: 4, scanning: true, waiting: 5 })).toBe(
      'missing index: each look-up scans 50,000 rows of reviews, 84 % of the time in "reads of reviews by product_id"',
    )
    expect(says({ database: 0.3, lock: 9, waiting: 5 })).toContain(
      'in "updates of stock by product" while its CPU is 30 % busy',
    )
    expect(says({ database: 0.98, onCpu: 4, expiring: 'calm-between' })).toBe(
      "cache stampede: every 4 s pages expire together, and finding them anew takes all of the database's CPU for 730 ms; in between it is 25 % busy",
    )
    expect(says({ database: 0.4, connections: 98, refused: 3 })).toBe(
      'database connections: 98 of 100 are taken, and 3 requests a second are refused one',
    )
    expect(says({ database: 0.98, onCpu: 3, waiting: 9, updating: 'leaving-rows' })).toBe(
      'table bloat: 68 updates a second of products each leave a dead row in it and in its indexes, and changes of rows take 67 % of the time',
    )
    expect(says({ database: 0.1, waiting: 40, waitMs: 900, kept: 8 })).toBe(
      'database connections leak: 8 of 10 were not given back, and 40 requests wait for one',
    )
    expect(says({ database: 0.35, onCpu: 0.5, pooled: 18 })).toBe(
      'database connections: 18 requests wait at bouncer for one of 5, while the database has time',
    )
    expect(says({ database: 0.2, idleInTransaction: 9, waiting: 30 })).toBe(
      'idle transactions: 9 of 10 connections are held by transactions in which nothing happens, and 30 requests wait for one',
    )
    expect(says({ database: 0.5, onCpu: 0.6, wal: 6, queryMs: 9, slow: true })).toBe(
      'write-ahead log: 6 of 6.6 active sessions wait for a flush to disk, while its CPU is 50 % busy',
    )
    expect(says({ database: 0.98, onCpu: 2, waiting: 9, repeated: 2 })).toMatch(
      /^retry storm: the app goes to the database (1\.[5-9]|2) times as often for a page as in calm times$/,
    )
    expect(says({ app: 0.5, loopLateMs: 400, slow: true })).toBe(
      "the app's event loop: something holds it for up to 400 ms at a time, and every other request waits",
    )
    expect(says({ kills: 1, restarts: 1, slow: true })).toBe(
      'database memory: at its limit of 160 MB the system killed 7 of its processes, and all sessions ended with it; back after 1300 ms',
    )
    expect(says({ replicaLagMs: 1000, wrongPages: 0.2 })).toBe(
      'replica lag: standby is 1000 ms behind, and 20 % of the clicks got a page that was wrong',
    )
    expect(says({ app: 0.98, instances: 2 })).toBe('app CPU: 98 % of 0.60 cores on 2 servers')
  })

  it('keeps to what the windows hold: the collapse after them changes nothing', () => {
    const run = surgeAtLimit({ database: 0.98, onCpu: 4, queryMs: 40, slow: true })
    const collapse = readings(run.segments[0]!.line.startUs + 11.5e6, {
      app: 1,
      loopBusy: 1,
      lock: 9,
      waiting: 80,
    })
    expect(diagnosed({ ...run, series: [...run.series, ...collapse] })).toEqual(diagnosed(run))
  })

  it('none that held is likely, none that did not is not confirmed', () => {
    expect(diagnosed(surgeAtLimit({})).bottleneck).toMatchObject({
      class: 'none',
      confidence: 'likely',
      resource: null,
    })
    expect(diagnosed(surgeAtLimit({ slow: true })).bottleneck).toMatchObject({
      class: 'none',
      confidence: 'not-confirmed',
    })
  })

  it('works without CPU budgets: a full event loop, a machine used up by its database', () => {
    expect(
      diagnosed(surgeAtLimit({ budgets: false, app: 0.98, loopBusy: 0.99, slow: true })).bottleneck.class,
    ).toBe('app-cpu')
    const run = surgeAtLimit({ budgets: false, database: 1, onCpu: 9, waiting: 9, slow: true })
    const full = run.series.map((line) =>
      line.probe === 'host' ? { ...line, values: { busyCores: 1.97, cores: 2 } } : line,
    )
    expect(diagnosed({ ...run, series: full }).bottleneck.class).toBe('database-cpu')
  })

  it('a run without any reading is none, with every class ruled out as not measured or not seen', () => {
    const run = surgeAtLimit({ slow: true })
    const { bottleneck, ruledOut } = diagnosed({ ...run, series: [] })
    expect(bottleneck).toMatchObject({ class: 'none', confidence: 'not-confirmed' })
    expect(ruledOut).toHaveLength(RULES.length)
  })

  it('does not judge by what an older record lacks', () => {
    const run = surgeAtLimit({
      database: 0.98,
      onCpu: 3,
      waiting: 9,
      queryMs: 40,
      updating: 'leaving-rows',
      slow: true,
    })
    const older = (line: SeriesLine): SeriesLine => {
      const { sessions: _, tables, statements, ...rest } = line
      return {
        ...rest,
        ...(tables && {
          tables: tables.map(({ hotUpdated: _, rows: __, dead: ___, ...counts }) => counts),
        }),
        ...(statements && { statements: statements.map(({ walRecords: _, ...counts }) => counts) }),
      }
    }
    const { bottleneck, ruledOut } = diagnosed({ ...run, series: run.series.map(older) })
    expect(bottleneck.class).toBe('database-cpu')
    for (const unjudged of ['database-bloat', 'database-wal', 'retry-storm'])
      expect(ruledOut.find((out) => out.class === unjudged)).toMatchObject({ judged: false })
    expect(ruledOut.find((out) => out.class === 'pool-wait')).not.toHaveProperty('judged')
  })

  it.each([{ scanning: true }, { updating: 'leaving-rows' }, { lock: 9 }, { wal: 9 }] as const)(
    'judges nothing by sessions that were hidden from it: %o',
    (cause) => {
      const run = surgeAtLimit({ ...cause, waiting: 9, queryMs: 80, slow: true })
      const hidden = ({ sessions: _, ...line }: SeriesLine): SeriesLine => ({
        ...line,
        values: Object.fromEntries(
          Object.entries(line.values).filter(([name]) => !/^sessions|^connections$/.test(name)),
        ),
      })
      const series = run.series
        .filter(({ probe, role }) => !(probe === 'cpu' && role === 'database'))
        .map((line) => (line.probe === 'database' ? hidden(line) : line))
      const { ruledOut } = diagnosed({ ...run, series })
      const unjudged = ruledOut.flatMap((out) => (out.judged === false ? [out.class] : []))
      expect(unjudged).toEqual(
        expect.arrayContaining([
          ...(['database-lock', 'database-wal', 'database-idle-in-transaction', 'database-cpu'] as const),
          ...('scanning' in cause ? ['database-missing-index'] : []),
          ...('updating' in cause ? ['database-bloat'] : []),
        ]),
      )
    },
  )

  it('without windows it reads all that was measured on today', () => {
    expect(
      diagnose(surgeAtLimit({ database: 0.98, onCpu: 4, queryMs: 40, slow: true })).bottleneck.class,
    ).toBe('database-cpu')
  })
})

describe('names and settings do not matter', () => {
  /** Renames consistently, as another shop would have been named from the start, and shuffles the order of everything. */
  function disguise(run: RunData, name: (name: string) => string, order: (n: number) => number[]): RunData {
    const shuffled = <T>(list: readonly T[]): T[] => order(list.length).map((index) => list[index]!)
    const line = (reading: SeriesLine): SeriesLine => ({
      ...reading,
      component: name(reading.component),
      ...(reading.statements && {
        statements: shuffled(reading.statements).map((one) => ({
          ...one,
          queryId: name(one.queryId),
          query: name(one.query),
        })),
      }),
      ...(reading.tables && {
        tables: shuffled(reading.tables).map((one) => ({ ...one, table: name(one.table) })),
      }),
      ...(reading.sessions && {
        sessions: reading.sessions.map((one) => ({ ...one, queryId: one.queryId && name(one.queryId) })),
      }),
    })
    const { scenario } = run.header
    return {
      ...run,
      header: {
        ...run.header,
        scenario: {
          ...scenario,
          slo: Object.fromEntries(
            Object.entries(scenario.slo).map(([route, objective]) => [
              route === 'all' ? route : name(route),
              objective,
            ]),
          ),
        },
      },
      arms: run.arms.map((arm) => ({
        ...arm,
        topology: null,
        fixes: [{ id: 'app.scale-out' as const, step: 3 }],
      })),
      segments: run.segments.map((segment) => ({
        ...segment,
        slots: shuffled(segment.slots).map((slot) => ({ ...slot, route: name(slot.route) })),
      })),
      series: run.series.map(line),
    }
  }

  it('the class is the same with topology and fixes gone and every name changed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SIGNATURES),
        fc.stringMatching(/^[a-z]{3,8}$/),
        fc.integer({ min: 1, max: 1000 }),
        ([expected, , limit], salt, turn) => {
          const names = new Map<string, string>()
          const name = (old: string) => {
            const known = names.get(old) ?? `${salt}${names.size}`
            names.set(old, known)
            return known
          }
          const rotate = (n: number) => Array.from({ length: n }, (_, index) => (index + turn) % n)
          expect(diagnosed(disguise(surgeAtLimit(limit), name, rotate)).bottleneck.class).toBe(expected)
        },
      ),
      { numRuns: 40 },
    )
  })
})
