import { createHash } from 'node:crypto'

/**
 * Units of work one CPU-second of the reference core does: a core of a cloud machine whose neighbours are busy. The demo
 * budgets ("0.2 cores") are written for that core, so a machine twice as fast gets half the share and tells the same story.
 */
const REFERENCE_UNITS_PER_CPU_SEC = 9_500

const ROUNDS = 5
const ROUND_CPU_MS = 60
/** What one reading costs, ms of CPU: readings are taken all the time, beside the measurement. */
const READING_CPU_MS = 1
const WARM_UP_UNITS = 1500

/**
 * Class of this machine's cores relative to the reference core (1 = as fast): coarse, for the speed of a shared machine
 * changes by half within minutes (`coreSpeedReader` follows that). Work is counted per CPU-second, not per second, so that
 * a busy machine does not look like a slow one. Takes about 0.4 s of CPU.
 */
export function measureCoreClass(): number {
  const read = coreSpeedReader(ROUND_CPU_MS)
  return coarse(Math.max(...Array.from({ length: ROUNDS }, read)))
}

/** Reads how fast a core does work now, relative to the reference core. Its first reading waits until the code is warm. */
export function coreSpeedReader(cpuMs = READING_CPU_MS): () => number {
  let units = 0
  return () => {
    while (units < WARM_UP_UNITS) unitOfWork(units++)
    const begun = process.cpuUsage()
    const before = units
    let spentMs = 0
    while (spentMs < cpuMs) {
      for (let i = 0; i < 4; i++) unitOfWork(units++)
      const { user, system } = process.cpuUsage(begun)
      spentMs = (user + system) / 1000
    }
    return (units - before) / (spentMs / 1000) / REFERENCE_UNITS_PER_CPU_SEC
  }
}

/** A bit of everything a web server does: build objects, sort, write and read JSON, join strings, hash. */
function unitOfWork(seed: number): number {
  const rows = Array.from({ length: 120 }, (_, i) => ({
    id: i,
    name: `product ${(i * 7919 + seed) % 1000}`,
    price: (i * 31 + seed) % 9973,
  }))
  rows.sort((a, b) => a.price - b.price || a.id - b.id)
  const text = JSON.stringify(rows)
  const again = JSON.parse(text) as typeof rows
  const page = again
    .map(({ name, price }) => `<li>${name.replace('&', '&amp;')} ${(price / 100).toFixed(2)}</li>`)
    .join('\n')
  return createHash('sha1').update(page).digest()[0]! + page.length
}

/** Speeds this near to the reference are the same class of machine: a neighbour on the same physical core costs as much. */
const SAME_CLASS = { from: 0.65, to: 2.2 } as const

/** 1 within the same class of machine, else the nearest power of √2, to two digits: … 0.5, 2.8, 4 … */
export function coarse(speed: number): number {
  if (speed >= SAME_CLASS.from && speed <= SAME_CLASS.to) return 1
  return Number((2 ** (Math.round(Math.log2(speed) * 2) / 2)).toPrecision(2))
}
