import type { StepResult, StepVerdict } from '../../core/result.ts'
import { formatMs, formatRate } from '../format.ts'
import { capitalise } from '../story/sentences.ts'
import { limitLine, panel, panelTitle, timesAxis, valueAxis } from './axes.ts'
import { type Chart, type ChartSize, drawChart, PHONE_WIDTH } from './draw-chart.ts'
import { type Colour, colour } from './palette.ts'

export type Search = { readonly label: string; readonly steps: readonly StepResult[] }

export type CapacityOptions = {
  readonly sloMs: number | null
  readonly patienceMs: number | null
  /** Clicks one shopper makes on average: what "served in full" means. `null`: that line is left out. */
  readonly clicksPerShopper: number | null
  readonly peakPerSec: number | null
}

/** Shape and colour of the n-th search, so that they can be told apart without colour. */
export const SEARCH_MARKS: readonly {
  readonly symbol: string
  readonly glyph: string
  readonly paint: Colour
}[] = [
  { symbol: 'circle', glyph: '●', paint: 'bad' },
  { symbol: 'rect', glyph: '■', paint: 'io' },
  { symbol: 'triangle', glyph: '▲', paint: 'lwlock' },
  { symbol: 'diamond', glyph: '◆', paint: 'good' },
]

/** Every step of every capacity search: what came back and how fast against what was asked. Hollow = the step failed. */
export function capacityChart(searches: readonly Search[], options: CapacityOptions): Chart | null {
  const measured = searches.some(({ steps }) => steps.length > 0)
  if (!measured) return null
  const draw = (size: ChartSize) => drawChart(`capacity-${size.width}`, size, option(searches, options, size))
  return {
    wideSvg: draw({ width: 1000, height: 380 }),
    narrowSvg: draw({ width: PHONE_WIDTH, height: 560 }),
    summary: summary(searches),
  }
}

function option(searches: readonly Search[], options: CapacityOptions, { width, height }: ChartSize) {
  const { sloMs, patienceMs, clicksPerShopper, peakPerSec } = options
  const wide = width > 600
  const boundMs = patienceMs ?? 10_000
  const steps = searches.flatMap((search) => search.steps)
  const mostPerSec = Math.max(peakPerSec ?? 0, ...steps.map(({ offeredPerSec }) => offeredPerSec)) * 1.06
  const half = height / 2
  const places = wide
    ? [
        { left: 56, width: 420, top: 48, bottom: 46 },
        { left: 566, width: 418, top: 48, bottom: 46 },
      ]
    : [
        { left: 56, right: 14, top: 48, height: half - 96 },
        { left: 56, right: 14, top: half + 38, height: half - 86 },
      ]
  const x = (gridIndex: number) => ({
    ...valueAxis({ gridIndex, min: 0, max: Math.ceil(mostPerSec / 10) * 10, splitNumber: wide ? 6 : 4 }),
    name: 'shoppers per second, offered',
    nameLocation: 'middle',
    nameGap: 26,
    nameTextStyle: { color: colour('ink'), fontSize: 12 },
    splitLine: { show: false },
    axisLine: { show: true, lineStyle: { color: colour('faint') } },
  })
  const full =
    clicksPerShopper === null
      ? []
      : [
          [0, 0],
          [mostPerSec, mostPerSec * clicksPerShopper],
        ]
  const fastestMs = Math.min(sloMs ?? 100, ...steps.flatMap(({ p95Ms }) => (p95Ms === null ? [] : [p95Ms])))
  const times = {
    gridIndex: 1,
    min: 10 ** Math.floor(Math.log10(Math.max(1, fastestMs))),
    max: boundMs * 1.3,
  }
  return {
    title: [
      panelTitle('clicks answered per second', 0, 4),
      panelTitle('response time: 95 of 100 clicks are faster', wide ? 510 : 0, wide ? 4 : half + 8),
    ],
    grid: places.map(panel),
    xAxis: [x(0), x(1)],
    yAxis: [valueAxis({ gridIndex: 0, min: 0 }), timesAxis(times)],
    series: [
      { ...guide(full, 0), markLine: peakLine(peakPerSec, true) },
      {
        ...guide([], 1),
        markLine: sloMs === null ? undefined : limitLine(sloMs, `SLO ${formatMs(sloMs, null)}`),
      },
      { ...guide([], 1), markLine: peakLine(peakPerSec, false) },
      ...searches.flatMap((search, i) => [
        points(search.steps, i, 0, ({ achievedPerSec }) => achievedPerSec),
        points(search.steps, i, 1, ({ p95Ms }) => Math.min(p95Ms ?? boundMs, boundMs)),
      ]),
    ],
  }
}

function points(steps: readonly StepResult[], search: number, axis: number, y: (step: StepResult) => number) {
  const mark = SEARCH_MARKS[search % SEARCH_MARKS.length]!
  return {
    type: 'scatter',
    silent: true,
    xAxisIndex: axis,
    yAxisIndex: axis,
    symbol: mark.symbol,
    symbolSize: 10,
    data: [...steps]
      .sort((a, b) => a.offeredPerSec - b.offeredPerSec)
      .map((step) => ({ value: [step.offeredPerSec, y(step)], itemStyle: fill(step.verdict, mark.paint) })),
  }
}

function fill(verdict: StepVerdict, paint: Colour) {
  if (verdict === 'invalid')
    return { color: colour('paper'), borderColor: colour('other'), borderWidth: 1, borderType: 'dotted' }
  const held = verdict === 'pass'
  return { color: colour(held ? paint : 'paper'), borderColor: colour(paint), borderWidth: 2 }
}

/** "Served in full": as many clicks come back as this many shoppers make. */
function guide(data: number[][], axis: number) {
  return {
    type: 'line',
    silent: true,
    showSymbol: false,
    xAxisIndex: axis,
    yAxisIndex: axis,
    data,
    lineStyle: { color: colour('offered'), width: 1.5, type: 'dashed' },
  }
}

function peakLine(peakPerSec: number | null, named: boolean) {
  if (peakPerSec === null) return undefined
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: colour('ink'), type: 'solid', width: 1 },
    label: {
      show: named,
      formatter: 'peak',
      position: 'end',
      color: colour('ink'),
      fontSize: 12,
      distance: 4,
    },
    data: [{ xAxis: peakPerSec }],
  }
}

function summary(searches: readonly Search[]): string {
  const parts = searches.map(({ label, steps }) => {
    const held = steps.filter(({ verdict }) => verdict === 'pass').map(({ offeredPerSec }) => offeredPerSec)
    const failed = steps.filter(({ verdict }) => verdict === 'fail').map(({ offeredPerSec }) => offeredPerSec)
    const most = held.length > 0 ? `highest step that held ${formatRate(Math.max(...held))}` : 'no step held'
    const least = failed.length > 0 ? `lowest that failed ${formatRate(Math.min(...failed))}` : 'none failed'
    return `${capitalise(label)}: ${most}, ${least}`
  })
  return `${parts.join('; ')} shoppers/s.`
}
