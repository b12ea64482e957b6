import { LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, MarkAreaComponent, MarkLineComponent, TitleComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { colour, withCssColours } from './palette.ts'

use([
  LineChart,
  ScatterChart,
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  SVGRenderer,
])

/** A chart ready for the page: drawn once for a desk and once for a phone, so that its text is legible on both. */
export type Chart = {
  readonly wideSvg: string
  readonly narrowSvg: string
  /** The chart in a sentence, for those who cannot see it. */
  readonly summary: string
}

export type ChartSize = { readonly width: number; readonly height: number }

export const PHONE_WIDTH = 336

/** Draws one SVG of the given size. The same option always gives the same text. */
export function drawChart(id: string, { width, height }: ChartSize, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit', color: colour('ink') },
      ...option,
    })
    return tidy(chart.renderToSVGString(), id, { width, height })
  } finally {
    chart.dispose()
  }
}

/** Takes out what nobody sees and what only an interactive chart needs, and makes ids unique on the page. */
function tidy(svg: string, id: string, { width, height }: ChartSize): string {
  const bare = svg
    .replace(/<style\b[\s\S]*?<\/style>/g, '')
    .replace(/ (?:ecmeta_[\w-]+|pointer-events|class|xmlns(?::\w+)?|baseProfile|version)="[^"]*"/g, '')
    .replace(/<path [^>]*fill-opacity="0"[^>]*><\/path>|<path d=""[^>]*><\/path>/g, '')
    .replace(/<clipPath[\s\S]*?<\/clipPath>/g, (clip) => clip.replace(/ fill="[^"]*"/g, ''))
    .replace(/zr\d+-/g, `${id}-`)
    .replace(/(\.\d)\d+/g, '$1')
    .replace(/\n/g, '')
  const open = `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false">`
  return withCssColours(bare).replace(/^<svg[^>]*>/, open)
}
