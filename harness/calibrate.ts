import { createHash } from 'node:crypto'
import { openSync, readSync, writeSync } from 'node:fs'

/**
 * Units of work one CPU-second of the reference core does: a core of a cloud machine whose neighbours are busy. The demo
 * budgets ("0.2 cores") are written for that core, so a machine twice as fast gets half the share and tells the same story.
 */
const REFERENCE_UNITS_PER_CPU_SEC = 7_900
/** The same when each unit is done alone, after others had the core: caches are cold then, as for a server's requests. */
const REFERENCE_COLD_UNITS_PER_CPU_SEC = 3_700

const ROUNDS = 5
const ROUND_CPU_MS = 60
const WARM_UP_UNITS = 2000
const SYSTEM_CALLS = 15

/**
 * Class of this machine's cores relative to the reference core (1 = as fast): coarse, for the speed of a shared machine
 * changes by half within minutes (`coreSpeedReader` follows that). Work is counted per CPU-second, not per second, so that
 * a busy machine does not look like a slow one. Takes about 0.4 s of CPU.
 */
export function measureCoreClass(): number {
  const work = unitOfWork()
  for (let i = 0; i < WARM_UP_UNITS; i++) work()
  const round = (): number => {
    const begun = process.cpuUsage()
    for (let units = 1; ; units++) {
      work()
      const spentMs = cpuMsSince(begun)
      if (spentMs >= ROUND_CPU_MS) return units / (spentMs / 1000) / REFERENCE_UNITS_PER_CPU_SEC
    }
  }
  return coarse(Math.max(...Array.from({ length: ROUNDS }, round)))
}

/**
 * Reads how fast a core does work now, relative to the reference core, by one unit of work (about 0.2 ms of CPU); its first
 * reading waits until the code is warm. Made for a reading every few milliseconds, of which the mean counts: between them
 * the core's caches go to others, and that is how a server finds them too. Tried on a closed loop with fixed budgets, whose
 * throughput strayed by 18 % in windows of 3 s: such readings every 10 ms explained all but 4 % of it, readings of 1 ms
 * every 100 ms all but 8 %, medians of those all but 12 %.
 */
export function coreSpeedReader(): () => number {
  const work = unitOfWork()
  let warm = false
  return () => {
    if (!warm) for (let i = 0; i < WARM_UP_UNITS; i++) work()
    warm = true
    const begun = process.cpuUsage()
    work()
    return 1 / (cpuMsSince(begun) / 1000) / REFERENCE_COLD_UNITS_PER_CPU_SEC
  }
}

function cpuMsSince(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1000
}

/** A bit of everything a web server does: build objects, sort, write and read JSON, join strings, hash, call the system. */
function unitOfWork(): () => number {
  const sink = openSync('/dev/null', 'w')
  const source = openSync('/dev/zero', 'r')
  const buffer = Buffer.alloc(2048)
  let seed = 0
  return () => {
    seed++
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
    for (let i = 0; i < SYSTEM_CALLS; i++) {
      writeSync(sink, buffer)
      readSync(source, buffer)
    }
    return createHash('sha1').update(page).digest()[0]! + page.length
  }
}

/** Speeds this near to the reference are the same class of machine: a neighbour on the same physical core costs as much. */
const SAME_CLASS = { from: 0.65, to: 2.2 } as const

/** 1 within the same class of machine, else the nearest power of √2, to two digits: … 0.5, 2.8, 4 … */
export function coarse(speed: number): number {
  if (speed >= SAME_CLASS.from && speed <= SAME_CLASS.to) return 1
  return Number((2 ** (Math.round(Math.log2(speed) * 2) / 2)).toPrecision(2))
}
