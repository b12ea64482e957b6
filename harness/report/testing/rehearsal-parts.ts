import type { Bottleneck, Check, Impact, Incident, RehearseResult } from '../../core/result.ts'

/** What the made-up rehearsals are put together from. */

export const NO_INCIDENT: Incident = {
  firstSignSec: null,
  firstSign: null,
  onsetSec: null,
  outageStartSec: null,
  outageEndSec: null,
  restoredSec: null,
  metastable: null,
}

export const OUTAGE: Incident = {
  firstSignSec: 6,
  firstSign: 'database CPU at 98 % of its budget',
  onsetSec: 8,
  outageStartSec: 13,
  outageEndSec: 30,
  restoredSec: 38,
  metastable: false,
}

export const NO_LOSS: Impact = {
  ordersExpected: 324,
  ordersTaken: 324,
  ordersLost: 0,
  revenueLost: 0,
  currency: 'EUR',
  shoppersTurnedAway: 0,
  method: 'the same plan on a topology that held',
}

export const LOSS: Impact = {
  ...NO_LOSS,
  ordersTaken: 153,
  ordersLost: 171,
  revenueLost: 9234.5,
  shoppersTurnedAway: 811,
}

export const DATABASE_CPU: Bottleneck = {
  class: 'database-cpu',
  resource: 'database',
  confidence: 'confirmed',
  against: 'database-missing-index',
  runnerUp: 'database-missing-index',
  says: 'database CPU: 98 % of 0.20 cores, 61 % of it "best sellers"',
  evidence: [
    {
      layer: 'database',
      metric: 'busyRatio',
      value: 0.98,
      unit: 'of budget',
      threshold: 0.9,
      supports: true,
      says: 'the database used 98 % of its CPU budget while the SLO broke',
    },
    {
      layer: 'pool',
      metric: 'poolWaiting',
      value: 8.4,
      unit: 'requests',
      threshold: 1,
      supports: true,
      says: '8 requests waited for a database connection, because queries took longer',
    },
    {
      layer: 'app',
      metric: 'busyRatio',
      value: 0.44,
      unit: 'of budget',
      threshold: 0.9,
      supports: true,
      says: 'the app servers were only 44 % busy',
    },
    {
      layer: 'database',
      metric: 'sessionsLock',
      value: 0.4,
      unit: 'sessions',
      threshold: 2,
      supports: false,
      says: 'hardly any session waited for a lock',
    },
  ],
}

export const RULED_OUT: RehearseResult['ruledOut'] = [
  {
    class: 'database-missing-index',
    because: 'no statement reads many more rows than it returns (1.3 rows read for each returned)',
  },
  { class: 'database-lock', because: '0.4 sessions waited for a lock; 2 would be needed' },
  { class: 'pool-wait', because: 'the database was saturated: a bigger pool would only move the queue' },
  { class: 'app-cpu', because: 'the app servers were 44 % busy' },
]

export const INVARIANTS: RehearseResult['invariants'] = [
  { name: 'no oversell', held: true, detail: '0 rows', samples: 0, firstBrokenSec: null },
  { name: 'no order doubled', held: true, detail: '0 rows', samples: 0, firstBrokenSec: null },
  { name: 'no confirmed order lost', held: true, detail: '0 rows', samples: 0, firstBrokenSec: null },
]

export const CHECKS: readonly Check[] = [
  {
    name: 'load delivered',
    segment: 1,
    held: true,
    value: 1,
    threshold: 0.99,
    says: 'every intended click was sent',
  },
  {
    name: 'send lag',
    segment: 1,
    held: true,
    value: 2.9,
    threshold: 15,
    says: '99 of 100 clicks were sent within 2.9 ms of their time',
  },
  {
    name: 'generator CPU',
    segment: 1,
    held: true,
    value: 0.19,
    threshold: 0.8,
    says: 'the generator used 0.19 of a core',
  },
  {
    name: 'arrivals as planned',
    segment: 1,
    held: true,
    value: 1.02,
    threshold: 1.39,
    says: 'arrivals scattered as planned',
  },
  {
    name: 'host contention',
    segment: 5,
    held: false,
    value: 0.6,
    threshold: 0.4,
    says: 'another program used 0.60 cores; the step was repeated',
  },
  {
    name: 'host contention',
    segment: 6,
    held: true,
    value: 0.1,
    threshold: 0.4,
    says: 'others used 0.10 cores',
  },
]
