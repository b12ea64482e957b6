import type { Running } from './ports.ts'

const QUIET_POLL_MS = 150
const QUIET_LIMIT_MS = 3000
/** Idle wake-ups and probes leave components a little busy; a queue that is being worked off keeps them at their limit. */
const QUIET_BUSY_CORES = 0.06

/**
 * Waits until no component works: requests whose shoppers have left are still worked off by app and database, and
 * would otherwise be charged to the next segment.
 */
export async function quieten(running: Running, signal: AbortSignal): Promise<void> {
  const until = Date.now() + QUIET_LIMIT_MS
  if (running.isQuiet) {
    do await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS))
    while (Date.now() < until && !signal.aborted && !(await running.isQuiet()))
    return
  }
  // Not the harness' own processes: enforcing a duty cycle keeps the supervisor busier than an idle component.
  const components = async () => (await running.endpoints.meter()).filter(({ role }) => role !== 'harness')
  let before = await components()
  while (Date.now() < until && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS))
    const now = await components()
    const busiest = Math.max(
      ...now.map((reading) => {
        const earlier = before.find(({ component }) => component === reading.component)
        return earlier ? (reading.usedUs - earlier.usedUs) / Math.max(1, reading.atUs - earlier.atUs) : 0
      }),
    )
    if (busiest < QUIET_BUSY_CORES) return
    before = now
  }
}
