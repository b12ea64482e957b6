import type { ArmLine, HeaderLine, Isolation, SegmentLine, SeriesLine } from '../../core/record.ts'
import type { SurgeSecond } from '../../core/result.ts'
import type { SegmentData } from '../../core/run-data.ts'
import type { Topology } from '../../core/topology.ts'
import { DEFAULT_TOPOLOGY } from '../../core/topology.ts'
import { arrivalsAt, NORMAL_PER_SEC, PEAK_PER_SEC } from './simulate-surge.ts'

/** Facts of a made-up run: what a record would hold beside the results. */

export const TODAY: Topology = DEFAULT_TOPOLOGY

export const ISOLATION: Isolation = {
  means: 'duty-cycle',
  bindsWithin: 0.03,
  periodMs: 20,
  passedOver: [
    { means: 'cgroup-v2', because: '/sys/fs/cgroup has no cpu controller (only memory, pids)' },
    { means: 'cgroup-v1', because: 'no cpu and cpuacct controllers of version 1 are mounted' },
  ],
}

export const HEADER: HeaderLine = {
  kind: 'header',
  schema: 1,
  run: '2026-11-20-0914-black-friday-k3f9',
  command: 'rehearse',
  version: '0.1.0',
  startedAt: '2026-11-20T09:14:07.000Z',
  scope: 'sample-shop',
  scenario: {
    name: 'black-friday',
    question: 'Do we take orders through the doors-open minute?',
    path: '/srv/doorbuster/scenarios/black-friday.ts',
    hash: '7d1f6b0c55aa',
    seed: 42,
    curveLabel: 'doors-open minute, real speed',
    normalPerSec: NORMAL_PER_SEC,
    peakPerSec: PEAK_PER_SEC,
    journeys: [
      { name: 'browser', weight: 72 },
      { name: 'buyer', weight: 8 },
    ],
    patience: { timeoutMs: 3000, reloads: 1 },
    slo: { all: { p95Ms: 300, errorRatio: 0.01 }, 'POST /checkout': { p95Ms: 800 } },
    keepHeadroom: 0.3,
  },
  machine: { cores: 2, memoryMb: 7936, node: 'v20.19.5', platform: 'linux x64', speed: 1 },
  options: { quick: false, budgetSec: 300, env: 'embedded', set: [] },
}

export function armLine(arm: number, fixes: ArmLine['fixes'], topology: Topology): ArmLine {
  return { kind: 'arm', atUs: arm * 60_000_000, arm, fixes, topology, isolation: ISOLATION }
}

/** A surge's segment with the series of a system whose database gives way at `capacityPerSec`. */
export function surgeSegmentData(
  segment: number,
  arm: number,
  topology: Topology,
  seconds: readonly SurgeSecond[],
  capacityPerSec: number,
): SegmentData {
  const startUs = segment * 70_000_000
  const line = segmentLine(segment, arm, startUs)
  const series = seconds.flatMap((second) => readings(second, startUs, topology, capacityPerSec))
  const clicks = seconds.reduce((sum, second) => sum + second.clicks, 0)
  return {
    line,
    slots: [],
    sendLags: [],
    orders: [],
    unknownOrders: [],
    series,
    end: {
      kind: 'segment-end',
      segment,
      atUs: startUs + 52_000_000,
      aborted: null,
      engine: {
        durationSec: 52,
        sessionsIntended: 1240,
        sessionsStarted: 1240,
        clicksIntended: clicks,
        clicksDone: clicks,
        attemptsSent: clicks,
        sendLagUs: [420, 700, 800, 2600, 1500, 380, 2900, 20],
        arrivalsPlanned: [],
        arrivalsActual: [],
        cpuCores: 0.19,
        loopDelayP99Ms: 4.1,
        inFlightMean: 22,
      },
    },
  }
}

function segmentLine(segment: number, arm: number, startUs: number): SegmentLine {
  return {
    kind: 'segment',
    segment,
    arm,
    purpose: 'surge',
    startUs,
    plan: {
      purpose: 'surge',
      seed: 42,
      curve: Array.from({ length: 46 }, (_, sec) => ({ atSec: sec, perSec: arrivalsAt(sec) })),
      arrivals: { kind: 'poisson' },
      scenarioPath: 'scenarios/black-friday.ts',
      scenarioHash: '7d1f6b0c55aa',
      journeys: [{ name: 'browser', weight: 72, thinkTime: { kind: 'uniform', minMs: 300, maxMs: 2000 } }],
      patience: { timeoutMs: 3000, reloads: 1 },
      fillSec: 0,
      partition: { index: 0, of: 1 },
      limits: { maxInFlight: 4000, maxPerSec: 2000, maxDurationSec: 300 },
      ending: 'finish',
      graceMs: 6000,
    },
  }
}

const STATEMENTS = [
  {
    queryId: '11',
    query:
      '/* best sellers */ select product_id, sum(quantity) as sold from order_lines where order_id > $1 group by product_id order by sold desc limit $2',
    share: 0.61,
  },
  {
    queryId: '12',
    query:
      'select id, name, price_cents from products where category_id = $1 order by popularity desc limit $2',
    share: 0.17,
  },
  {
    queryId: '13',
    query: 'select rating, body from reviews where product_id = $1 order by id desc limit $2',
    share: 0.12,
  },
  {
    queryId: '14',
    query: 'update products set on_hand = on_hand - $1 where id = $2 and on_hand >= $1',
    share: 0.06,
  },
  {
    queryId: '15',
    query: 'insert into orders (id, idempotency_key, total_cents) values ($1, $2, $3)',
    share: 0.04,
  },
] as const

function readings(
  second: SurgeSecond,
  startUs: number,
  topology: Topology,
  capacityPerSec: number,
): readonly SeriesLine[] {
  const atUs = startUs + (second.sec + 1) * 1_000_000
  const base = { kind: 'series', atUs } as const
  const load = Math.min(1, second.achieved / (capacityPerSec * 4))
  const busyRatio = Math.min(0.99, 0.05 + 0.94 * load)
  const { instances, cpu, poolSize } = topology.app
  const waiting = load >= 1 ? 8 + (second.sec % 5) : 0
  const onCpu = load >= 1 ? 9.2 : load * 3
  const budgets = [
    { component: 'database', role: 'database', budgetCores: topology.database.cpu, busyRatio },
    {
      component: 'balancer',
      role: 'balancer',
      budgetCores: topology.balancer.cpu,
      busyRatio: 0.04 + second.clicks * 0.0008,
    },
    { component: 'generator', role: 'generator', budgetCores: 0.25, busyRatio: 0.1 + second.clicks * 0.0022 },
  ] as const
  const cpuLines = budgets.map(
    ({ component, role, budgetCores, busyRatio: busy }): SeriesLine => ({
      ...base,
      probe: 'cpu',
      role,
      component,
      values: {
        usedCores: busy * budgetCores,
        budgetCores,
        busyRatio: busy,
        throttledRatio: busy > 0.95 ? 0.6 : 0,
      },
    }),
  )
  const appLines = Array.from({ length: instances }, (_, i): readonly SeriesLine[] => {
    const component = `app-${i + 1}`
    const used = Math.min(0.97, 0.06 + (second.achieved / instances) * 0.0034)
    const busy = load >= 1 ? poolSize : Math.round(load * poolSize * 0.6)
    return [
      {
        ...base,
        probe: 'cpu',
        role: 'app',
        component,
        values: { usedCores: used * cpu, budgetCores: cpu, busyRatio: used, throttledRatio: 0 },
      },
      {
        ...base,
        probe: 'app',
        role: 'app',
        component,
        values: { poolMax: poolSize, poolTotal: poolSize, poolIdle: poolSize - busy, poolWaiting: waiting },
      },
    ]
  }).flat()
  const database: SeriesLine = {
    ...base,
    probe: 'database',
    role: 'database',
    component: 'database',
    values: { sessionsActive: onCpu + 0.6, sessionsOnCpu: onCpu, connections: 11, connectionsMax: 100 },
    sessions: [
      { state: 'active', waitType: null, wait: null, queryId: '11', n: onCpu },
      { state: 'active', waitType: 'io', wait: 'datafileread', queryId: '12', n: 0.25 * load },
      { state: 'active', waitType: 'lock', wait: 'transactionid', queryId: '14', n: 0.4 * load },
      { state: 'idle-in-transaction', waitType: 'client', wait: 'clientread', queryId: null, n: 0.3 * load },
    ],
    statements: STATEMENTS.map(({ queryId, query, share }) => ({
      queryId,
      query,
      calls: Math.round(second.achieved * (0.4 - share / 3) + 1),
      execMs: share * load * 900,
      rows: 20,
      blocksHit: 100,
      blocksRead: 0,
    })),
  }
  return [...cpuLines, ...appLines, database]
}
