import { countAtMost } from '../core/measure/histogram.ts'
import type { SegmentLine, SeriesLine, SlotLine } from '../core/record.ts'

/** The live figures under the running phase: what is asked of the shop, what it answers, and what is busy. */
export type LiveView = {
  observe(line: SlotLine | SeriesLine | SegmentLine): void
  text(): string
}

/** Clicks of the latest seconds; a second is shown once it is two old, when most of its answers are in. */
const SHOWN_AFTER_SEC = 2

export function liveView(sloMs: number): LiveView {
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
          break
        case 'slot': {
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
      const lines = [
        `${Math.round(intendedPerSec)} clicks/s asked · ${answered} · ${waiting} waiting for a connection`,
      ]
      if (cpu) lines.push(`CPU of budget: ${cpu} · send lag ${lagMs.toFixed(1)} ms`)
      return lines.join('\n')
    },
  }
}
