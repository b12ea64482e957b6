import { countAtMost } from '../core/measure/histogram.ts'
import { LiveSlo } from '../core/measure/live-slo.ts'
import { judgeSlo } from '../core/measure/slo.ts'
import { percentileMs } from '../core/measure/tally-clicks.ts'
import type { SegmentLine, SeriesLine, SlotLine } from '../core/record.ts'
import type { Slo } from '../core/scenario.ts'

/** The live figures under the running phase: what is asked of the shop, what it answers, and what is busy. */
export type LiveView = {
  observe(line: SlotLine | SeriesLine | SegmentLine): void
  text(): string
}

/** Clicks of the latest seconds; a second is shown once it is two old, when most of its answers are in. */
const SHOWN_AFTER_SEC = 2

/** The window that is held against the objectives, as `abortWhen` does by default. */
const WINDOW_SEC = 10
/** What counts as fast where the scenario does not say. */
const FAST_MS = 1000

export function liveView(slo: Slo): LiveView {
  const sloMs = slo['all']?.p95Ms ?? FAST_MS
  let live: LiveSlo | null = null
  let bySecond = new Map<number, { clicks: number; good: number }>()
  let second = 0
  const busy = new Map<string, number>()
  let waiting = 0
  let intendedPerSec = 0
  let lagMs = 0

  return {
    observe(line) {
      switch (line.kind) {
        case 'segment':
          bySecond = new Map()
          second = 0
          live = new LiveSlo(line.startUs, WINDOW_SEC)
          break
        case 'slot': {
          live?.add(line)
          if (line.of !== 'click' || line.sec < 0) break
          const counted = bySecond.get(line.sec) ?? { clicks: 0, good: 0 }
          counted.clicks += line.n
          if (line.outcome === 'ok') counted.good += countAtMost(line.timesUs, sloMs * 1000)
          bySecond.set(line.sec, counted)
          second = Math.max(second, line.sec)
          break
        }
        case 'series':
          if (line.probe === 'generator') {
            live?.tick(line.atUs, line.values['intended'] ?? 0)
            intendedPerSec = line.values['intended'] ?? 0
            lagMs = line.values['sendLagP99Ms'] ?? 0
          } else if (line.probe === 'cpu' && line.values['busyRatio'] !== undefined) {
            busy.set(line.component, line.values['busyRatio'])
          } else if (line.probe === 'app') {
            waiting = line.values['poolWaiting'] ?? 0
          }
          break
      }
    },
    text() {
      const shown = bySecond.get(Math.max(0, second - SHOWN_AFTER_SEC))
      const answered =
        shown && shown.clicks > 0
          ? `${Math.round((100 * shown.good) / shown.clicks)} % right and fast`
          : 'waiting for answers'
      const cpu = [...busy]
        .filter(([component]) => !component.startsWith('engine'))
        .map(([component, ratio]) => `${component} ${Math.round(ratio * 100)} %`)
        .join(' · ')
      const window = live && windowWords(live, slo)
      const lines = [
        `${Math.round(intendedPerSec)} clicks/s asked · ${answered}${window ? ` · ${window}` : ''}`,
      ]
      const busyWith = [
        ...(waiting > 0 ? [`${waiting} waiting for a connection`] : []),
        ...(cpu ? [`CPU of budget: ${cpu}`, `send lag ${lagMs.toFixed(1)} ms`] : []),
      ]
      if (busyWith.length > 0) lines.push(busyWith.join(' · '))
      return lines.join('\n')
    },
  }
}

/** "last 10 s: p95 412 ms ✗", held against every objective; `null` while there is nothing to judge by. */
function windowWords(live: LiveSlo, slo: Slo): string | null {
  const tallies = live.tallies(WINDOW_SEC)
  if (!tallies) return null
  const { held, judged } = judgeSlo(tallies, slo)
  if (judged === 0) return null
  const p95Ms = percentileMs(tallies.all, 0.95)
  const words = p95Ms === null ? 'over 5 % failed' : `p95 ${Math.round(p95Ms)} ms`
  return `last ${WINDOW_SEC} s: ${words} ${held ? '✓' : '✗'}`
}
