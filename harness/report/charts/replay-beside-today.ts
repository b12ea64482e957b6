import type { SurgeResult } from '../../core/result.ts'
import { formatPercent } from '../format.ts'
import { capitalise } from '../story/sentences.ts'
import { panel, panelTitle, timeAxis, valueAxis } from './axes.ts'
import { type Chart, type ChartSize, drawChart, PHONE_WIDTH } from './draw-chart.ts'
import { colour } from './palette.ts'

/** The same surge on each topology it was played on, on the same axes: clicks asked for and clicks answered well. */
export function replayCharts(
  surges: readonly SurgeResult[],
): readonly (Chart & { readonly title: string })[] {
  const shown = surges.filter(({ seconds }) => seconds.length > 1)
  if (shown.length < 2) return []
  const untilSec = Math.max(...shown.map(({ seconds }) => (seconds.at(-1)?.sec ?? 0) + 1))
  const mostPerSec = Math.max(...shown.flatMap(({ seconds }) => seconds.map(({ clicks }) => clicks)))
  return shown.map((surge) => {
    const draw = (size: ChartSize) =>
      drawChart(`replay-${surge.segment}-${size.width}`, size, option(surge, untilSec, mostPerSec))
    return {
      title: `${capitalise(surge.label)}: ${surge.held ? 'held' : 'did not hold'}`,
      wideSvg: draw({ width: 490, height: 250 }),
      narrowSvg: draw({ width: PHONE_WIDTH, height: 210 }),
      summary: summary(surge),
    }
  })
}

function option({ seconds }: SurgeResult, untilSec: number, mostPerSec: number) {
  const max = Math.ceil((mostPerSec * 1.05) / 50) * 50
  return {
    title: panelTitle('clicks per second', 0, 2),
    grid: panel({ left: 40, right: 14, top: 28, bottom: 26 }),
    xAxis: timeAxis({ min: 0, max: untilSec, splitNumber: 4 }),
    yAxis: valueAxis({ min: 0, max }),
    series: [
      area(
        seconds.map(({ sec, clicks }) => [sec, clicks]),
        'offered',
        0.14,
      ),
      area(
        seconds.map(({ sec, good }) => [sec, good]),
        'good',
        0.28,
      ),
    ],
  }
}

function area(points: number[][], paint: 'offered' | 'good', opacity: number) {
  return {
    type: 'line',
    silent: true,
    showSymbol: false,
    data: points,
    lineStyle: { color: colour(paint), width: 2 },
    areaStyle: { color: colour(paint), opacity },
  }
}

function summary({ label, seconds, because }: SurgeResult): string {
  const clicks = seconds.reduce((sum, second) => sum + second.clicks, 0)
  const good = seconds.reduce((sum, second) => sum + second.good, 0)
  const share = clicks === 0 ? 'no clicks' : `${formatPercent(good / clicks)} of all clicks answered well`
  return `${capitalise(label)}: ${share}; ${because}.`
}
