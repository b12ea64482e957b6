import type { Incident, SurgeResult } from '../../core/result.ts'
import { formatMs, formatRate } from '../format.ts'
import { faultMarks } from '../story/fault-lines.ts'
import { incidentMoments, incidentSentence } from '../story/moments.ts'
import { capitalise } from '../story/sentences.ts'
import { limitLine, panel, panelTitle, timeAxis, timesAxis, valueAxis } from './axes.ts'
import { type Chart, type ChartSize, drawChart, PHONE_WIDTH } from './draw-chart.ts'
import { colour } from './palette.ts'

export type TimelineOptions = { readonly sloMs: number | null; readonly patienceMs: number | null }

/** `incident` null: its moments are not told. */
type Timeline = Omit<SurgeResult, 'incident'> & { readonly incident: Incident | null }

/**
 * What shoppers met, second by second: clicks asked for and clicks answered well above, response time below, the
 * numbered moments of the incident through both. A p95 slower than any bound stands at the shopper's patience.
 */
export function surgeTimelineChart(surge: Timeline, options: TimelineOptions): Chart | null {
  if (surge.seconds.length < 2) return null
  const draw = (size: ChartSize) =>
    drawChart(`timeline-${surge.segment}-${size.width}`, size, option(surge, options, size))
  return {
    wideSvg: draw({ width: 1000, height: 430 }),
    narrowSvg: draw({ width: PHONE_WIDTH, height: 420 }),
    summary: summary(surge, options),
  }
}

function option(surge: Timeline, { sloMs, patienceMs }: TimelineOptions, { width, height }: ChartSize) {
  const { seconds } = surge
  const untilSec = (seconds.at(-1)?.sec ?? 0) + 1
  const boundMs = patienceMs ?? 10_000
  const times = seconds
    .filter(({ clicks }) => clicks > 0)
    .map(({ sec, p95Ms }) => [sec, Math.min(p95Ms ?? boundMs, boundMs)])
  const beyond = seconds
    .filter(({ clicks, p95Ms }) => clicks > 0 && p95Ms === null)
    .map(({ sec }) => [sec, boundMs])
  const room = (height - 152) / 9
  const top = { left: 56, right: 14, top: 66, height: room * 5 }
  const bottom = { left: 56, right: 14, top: top.top + top.height + 54, height: room * 4 }
  const marks = momentMarks(surge, untilSec / (width - 70))
  const x = { min: 0, max: untilSec, splitNumber: width > 600 ? 9 : 4 }
  return {
    title: [
      panelTitle('clicks per second', 0, 4),
      panelTitle('response time: 95 of 100 clicks are faster', 0, bottom.top - 26),
    ],
    grid: [panel(top), panel(bottom)],
    xAxis: [timeAxis({ ...x, gridIndex: 0, showLabels: false }), timeAxis({ ...x, gridIndex: 1 })],
    yAxis: [
      valueAxis({ gridIndex: 0, min: 0 }),
      timesAxis({
        gridIndex: 1,
        min: lowestMs(times),
        max: boundMs * 1.25,
      }),
    ],
    series: [
      area(
        'offered',
        seconds.map(({ sec, clicks }) => [sec, clicks]),
        'offered',
        0.14,
      ),
      {
        ...area(
          'good',
          seconds.map(({ sec, good }) => [sec, good]),
          'good',
          0.28,
        ),
        ...marks(true),
      },
      {
        ...line(times, 'response', 1),
        markLine: sloMs === null ? undefined : limitLine(sloMs, `SLO ${formatMs(sloMs, null)}`),
      },
      {
        type: 'scatter',
        silent: true,
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: beyond,
        symbol: 'triangle',
        symbolSize: 7,
        itemStyle: { color: colour('bad') },
      },
      { ...line([], 'response', 1), ...marks(false) },
    ],
  }
}

/** Vertical lines at the moments (numbered in the upper panel) and a band over the complete outage. */
function momentMarks({ incident, seconds, faults }: Timeline, secPerPixel: number) {
  const happened = (incident ? incidentMoments(incident, faults) : []).flatMap((moment, i) =>
    moment.atSec === null ? [] : [{ at: moment.atSec, number: i + 1 }],
  )
  // Named below, where the moments' numbers are not; dashed, so that one is told from a moment.
  const faultLines = faultMarks(faults).map(({ atSec, letter }) => ({
    xAxis: atSec,
    lineStyle: { color: colour('bad'), type: 'dashed', width: 1.5 },
    letter,
  }))
  const endSec = incident?.outageEndSec ?? seconds.at(-1)?.sec ?? 0
  return (numbered: boolean) => ({
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: colour('ink'), type: 'solid', width: 1 },
      data: [
        ...faultLines.map(({ letter, ...mark }) => ({
          ...mark,
          label: {
            show: numbered,
            formatter: letter,
            position: 'start',
            distance: 4,
            rotate: 0,
            color: colour('bad'),
            fontSize: 13,
            fontWeight: 'bold',
          },
        })),
        ...happened.map(({ at, number }, i) => ({
          xAxis: at,
          label: {
            show: numbered,
            formatter: String(number),
            position: 'end',
            // A number that would cover the one before it stands a row higher.
            distance: i % 2 === 1 && at - happened[i - 1]!.at < 20 * secPerPixel ? 22 : 3,
            color: colour('paper'),
            backgroundColor: colour('ink'),
            borderRadius: 9,
            width: 18,
            height: 18,
            lineHeight: 18,
            align: 'center',
            fontSize: 12,
            fontWeight: 'bold',
          },
        })),
      ],
    },
    markArea: {
      silent: true,
      itemStyle: { color: colour('outage'), opacity: 0.35 },
      data: incident?.outageStartSec == null ? [] : [[{ xAxis: incident.outageStartSec }, { xAxis: endSec }]],
    },
  })
}

function area(name: string, data: number[][], paint: 'offered' | 'good', opacity: number) {
  return { ...line(data, paint, 0), name, areaStyle: { color: colour(paint), opacity } }
}

function line(data: number[][], paint: 'offered' | 'good' | 'response', axis: number) {
  return {
    type: 'line',
    silent: true,
    showSymbol: false,
    xAxisIndex: axis,
    yAxisIndex: axis,
    data,
    lineStyle: { color: colour(paint), width: 2 },
    itemStyle: { color: colour(paint) },
  }
}

/** The decade below the fastest second, so that a log axis does not start at nothing. */
function lowestMs(times: number[][]): number {
  const fastest = Math.min(100, ...times.map(([, ms]) => ms ?? 100))
  return 10 ** Math.floor(Math.log10(Math.max(1, fastest)))
}

function summary(surge: Timeline, { sloMs, patienceMs }: TimelineOptions): string {
  const most = Math.max(...surge.seconds.map(({ clicks }) => clicks))
  const least = Math.min(
    ...surge.seconds.filter(({ clicks }) => clicks > 0).map(({ good, clicks }) => good / clicks),
  )
  const slowest = surge.seconds.some(({ clicks, p95Ms }) => clicks > 0 && p95Ms === null)
    ? formatMs(null, patienceMs)
    : formatMs(Math.max(...surge.seconds.map(({ p95Ms }) => p95Ms ?? 0)), null)
  const slo = sloMs === null ? '' : ` (objective ${formatMs(sloMs, null)})`
  const worst = Number.isFinite(least)
    ? `, in the worst second ${Math.round(least * 100)} % of them were answered well`
    : ''
  const said = surge.incident ? ` ${capitalise(incidentSentence(surge.incident, surge.faults))}.` : ''
  const done = faultMarks(surge.faults).map(({ letter, fault }) => ` ${letter}: ${fault.says}.`)
  return `Up to ${formatRate(most)} clicks/s were asked for${worst}; p95 response time reached ${slowest}${slo}.${said}${done.join('')}`
}
