import { formatMs, formatOffset } from '../format.ts'
import { colour } from './palette.ts'

/** Axes and lines as all charts draw them; plain objects for echarts. */

const TEXT = { color: colour('ink'), fontSize: 12 }

export type AxisOptions = {
  readonly min?: number
  readonly max?: number
  readonly gridIndex?: number
  readonly showLabels?: boolean
  readonly splitNumber?: number
}

/** Seconds since the surge's start. */
export function timeAxis({ gridIndex = 0, showLabels = true, splitNumber = 6, ...range }: AxisOptions) {
  return {
    type: 'value',
    gridIndex,
    splitNumber,
    ...range,
    axisLabel: {
      ...TEXT,
      show: showLabels,
      formatter: (sec: number) => formatOffset(sec),
      hideOverlap: true,
      showMaxLabel: false,
    },
    axisLine: { show: true, lineStyle: { color: colour('faint') } },
    axisTick: { show: false },
    splitLine: { show: false },
  }
}

/** A plain quantity. */
export function valueAxis({ gridIndex = 0, splitNumber = 4, ...range }: AxisOptions) {
  return {
    type: 'value',
    gridIndex,
    splitNumber,
    ...range,
    axisLabel: { ...TEXT, hideOverlap: true },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colour('faint') } },
  }
}

/** Response times, logarithmic, ms. */
export function timesAxis(options: AxisOptions) {
  const { axisLabel, ...axis } = valueAxis(options)
  return {
    ...axis,
    type: 'log',
    axisLabel: { ...axisLabel, showMaxLabel: false, formatter: (ms: number) => formatMs(ms, null) },
  }
}

/** The name of a panel, above its left edge: clear of the marks at its top. */
export function panelTitle(text: string, left: number, top: number) {
  return {
    text,
    left,
    top,
    padding: 0,
    textStyle: { color: colour('ink'), fontSize: 12, fontWeight: 'normal' },
  }
}

/** Where a panel stands; panels under one another keep the same edges whatever their labels. */
export function panel(place: Readonly<Record<string, number>>) {
  return { outerBoundsMode: 'none', containLabel: false, ...place }
}

/** A horizontal limit with its name at the right end: an SLO, 100 %. */
export function limitLine(at: number, label: string) {
  return {
    silent: true,
    symbol: 'none',
    animation: false,
    lineStyle: { color: colour('limit'), type: 'dashed', width: 1.5 },
    label: {
      formatter: label,
      position: 'insideEndTop',
      color: colour('limit'),
      fontSize: 12,
      distance: 2,
    },
    data: [{ yAxis: at }],
  }
}
