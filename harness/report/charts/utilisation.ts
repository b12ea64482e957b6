import type { ResourceUse } from '../facts/utilisation.ts'
import { formatPercent } from '../format.ts'
import { panel, timeAxis, valueAxis } from './axes.ts'
import { drawChart } from './draw-chart.ts'
import { colour } from './palette.ts'

export type SmallChart = {
  readonly title: string
  readonly svg: string
  readonly summary: string
  readonly hot: boolean
}

/** One small chart a resource, all on the same axes: how much of its limit it used over the surge. */
export function utilisationCharts(uses: readonly ResourceUse[]): readonly SmallChart[] {
  const untilSec = Math.max(...uses.map(({ points }) => points.at(-1)?.sec ?? 0))
  return uses.map((use, i) => {
    const hot = use.maxRatio >= 0.95
    return {
      title: use.name,
      svg: drawChart(`use-${i}`, { width: 320, height: 150 }, option(use, untilSec, hot)),
      summary: `of ${use.limit}; most ${formatPercent(use.maxRatio)}`,
      hot,
    }
  })
}

function option({ points }: ResourceUse, untilSec: number, hot: boolean) {
  const paint = colour(hot ? 'bad' : 'good')
  const percent = { formatter: (ratio: number) => formatPercent(ratio), color: colour('ink'), fontSize: 12 }
  return {
    grid: panel({ left: 48, right: 12, top: 8, bottom: 26 }),
    xAxis: timeAxis({ min: 0, max: Math.ceil(untilSec), splitNumber: 3 }),
    yAxis: {
      ...valueAxis({ min: 0, max: 1.2 }),
      interval: 0.5,
      axisLabel: { ...percent, showMaxLabel: false },
    },
    series: [
      {
        type: 'line',
        silent: true,
        showSymbol: false,
        data: points.filter(({ sec }) => sec >= 0).map(({ sec, ratio }) => [sec, Math.min(ratio, 1.2)]),
        lineStyle: { color: paint, width: 2 },
        areaStyle: { color: paint, opacity: 0.18 },
        markLine: {
          silent: true,
          symbol: 'none',
          label: { show: false },
          lineStyle: { color: colour('limit'), type: 'dashed', width: 1.5 },
          data: [{ yAxis: 1 }],
        },
      },
    ],
  }
}
