const SLOT_MS = 100
const SLOTS = 10

type Slot = { at: number; waitedMs: number; count: number }

/** Whether requests wait too long for the pool, judged over the last second. */
export type PoolPressure = {
  waited(ms: number, nowMs: number): void
  /** `waiting`: requests that wait for a connection now. */
  isHigh(waiting: number, nowMs: number): boolean
}

/**
 * High as soon as the mean wait of the last second is above `limitMs`; low again when it has been below half of that
 * for `calmMs`. Two bounds and a pause, because what is switched off relieves the pool: with one bound it would be
 * switched on and off all the time. A second in which requests wait and none gets a connection counts as waiting.
 */
export function poolPressure({
  limitMs,
  calmMs,
}: {
  readonly limitMs: number
  readonly calmMs: number
}): PoolPressure {
  const slots: Slot[] = Array.from({ length: SLOTS }, () => ({ at: -1, waitedMs: 0, count: 0 }))
  let high = false
  let lastBusyMs = 0
  let blockedSinceMs: number | null = null

  function meanMs(nowMs: number): number {
    const oldest = Math.floor(nowMs / SLOT_MS) - SLOTS
    let [waitedMs, count] = [0, 0]
    for (const slot of slots) {
      if (slot.at <= oldest) continue
      waitedMs += slot.waitedMs
      count += slot.count
    }
    return count === 0 ? 0 : waitedMs / count
  }

  return {
    waited(ms, nowMs) {
      const at = Math.floor(nowMs / SLOT_MS)
      const slot = slots[at % SLOTS]!
      if (slot.at !== at) Object.assign(slot, { at, waitedMs: 0, count: 0 })
      slot.waitedMs += ms
      slot.count++
      blockedSinceMs = null
    },
    isHigh(waiting, nowMs) {
      if (waiting === 0) blockedSinceMs = null
      else blockedSinceMs ??= nowMs
      const blockedMs = blockedSinceMs === null ? 0 : nowMs - blockedSinceMs
      const waitMs = Math.max(meanMs(nowMs), blockedMs)
      if (waitMs > limitMs) high = true
      if (waitMs > limitMs / 2) lastBusyMs = nowMs
      else if (high && nowMs - lastBusyMs >= calmMs) high = false
      return high
    },
  }
}
