import { createHash } from 'node:crypto'

/**
 * Units of work one CPU-second of the reference core does. The demo budgets ("0.2 cores") are written for that core,
 * so a machine twice as fast gets half the share and tells the same story.
 */
const REFERENCE_UNITS_PER_CPU_SEC = 16_500

const ROUNDS = 6
const ROUND_CPU_MS = 90

/**
 * Speed of one core of this machine relative to the reference core (1 = as fast), coarsely: finer differences
 * are noise, and must not move the budgets between two runs on one machine. Work is counted per CPU-second, not per second, so that a busy machine does not look like a slow one;
 * the best of several rounds counts, because others can only slow a round down. Takes about 0.6 s of CPU.
 */
export function measureCoreSpeed(): number {
  unitOfWork(0)
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const begun = process.cpuUsage()
    let units = 0
    let spentMs = 0
    while (spentMs < ROUND_CPU_MS) {
      for (let i = 0; i < 8; i++) unitOfWork(units++)
      const { user, system } = process.cpuUsage(begun)
      spentMs = (user + system) / 1000
    }
    best = Math.max(best, units / (spentMs / 1000))
  }
  return coarse(best / REFERENCE_UNITS_PER_CPU_SEC)
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
const SAME_CLASS = { from: 0.55, to: 1.8 } as const

/** 1 within the same class of machine, else the nearest power of √2, to two digits: … 0.5, 2, 2.8 … */
export function coarse(speed: number): number {
  if (speed >= SAME_CLASS.from && speed <= SAME_CLASS.to) return 1
  return Number((2 ** (Math.round(Math.log2(speed) * 2) / 2)).toPrecision(2))
}
