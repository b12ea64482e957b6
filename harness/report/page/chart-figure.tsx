/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import type { Chart } from '../charts/draw-chart.ts'
import { type Colour, cssColour } from '../charts/palette.ts'

export type LegendEntry = { readonly glyph: string; readonly paint: Colour; readonly says: string }

/** A chart in both its drawings (the style sheet shows the one that fits), its legend, and its text for every reader. */
export function ChartFigure(props: {
  readonly chart: Chart
  readonly title: string
  readonly legend?: readonly LegendEntry[]
  readonly children?: ComponentChildren
}) {
  const { chart, title, legend = [], children } = props
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <Legend entries={legend} />
      </figcaption>
      <div role="img" aria-label={`${title}. ${chart.summary}`}>
        <Drawing svg={chart.wideSvg} class="wide" />
        <Drawing svg={chart.narrowSvg} class="narrow" />
      </div>
      {children}
    </figure>
  )
}

/** An SVG of ours, as it is: every text in it was escaped when it was drawn. */
export function Drawing(props: { readonly svg: string; readonly class?: string }) {
  return <div class={props.class} dangerouslySetInnerHTML={{ __html: props.svg }} />
}

function Legend({ entries }: { readonly entries: readonly LegendEntry[] }) {
  if (entries.length === 0) return null
  return (
    <span class="legend">
      {entries.map(({ glyph, paint, says }) => (
        <span key={says}>
          <i style={`color:${cssColour(paint)}`} aria-hidden="true">
            {glyph}
          </i>
          {says}
        </span>
      ))}
    </span>
  )
}
