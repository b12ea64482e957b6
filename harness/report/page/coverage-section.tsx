/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { formatInterval, formatPercent, formatRate } from '../format.ts'
import { type FixRow, fixRows } from '../story/fix-rows.ts'
import { capacitySentence, capitalise } from '../story/sentences.ts'
import type { Story } from '../story/story.ts'
import { Section } from './section.tsx'

type Bar = {
  readonly name: string
  readonly perSec: number
  readonly low: number
  readonly high: number
  readonly beside: string
  readonly tone: 'good' | 'bad' | 'unsure'
}

/** Peak, today, with fixes: bars with their intervals against the line of the peak. */
export function CoverageSection({ story }: { readonly story: Story }) {
  const { capacity, peak } = story
  if (!capacity) return null
  const bars = [todayBar(story), ...fixRows(story).flatMap((row) => fixBar(row, peak?.perSec ?? null))]
  const mostPerSec = Math.max(peak?.perSec ?? 0, ...bars.map(({ high }) => high)) * 1.04
  const percent = (perSec: number) => `${((100 * perSec) / mostPerSec).toFixed(2)}%`
  const title = bars.length > 1 ? 'Peak, today, with fixes' : 'Peak and today'
  return (
    <Section id="coverage" title={title} lead={`${capitalise(capacitySentence(story))}.`}>
      <table class="bars" style={peak ? `--peak:${percent(peak.perSec)}` : undefined}>
        <caption>
          Capacity in shoppers/s (95 % interval): the most that arrive per second with every objective held.
          {peak ? ` The line is the peak of ${formatRate(peak.perSec)}.` : ''}
        </caption>
        <thead>
          <tr>
            <th scope="col">topology</th>
            <th scope="col">
              <span class="peak-flag">{peak ? `peak ${formatRate(peak.perSec)}` : ''}</span>
            </th>
            <th scope="col">shoppers/s</th>
            <th scope="col">verdict</th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.name} class={`bar-${bar.tone}`}>
              <th scope="row">{bar.name}</th>
              <td class="track" aria-hidden="true">
                <span class="bar" style={`width:${percent(bar.perSec)}`} />
                <span
                  class="interval"
                  style={`left:${percent(bar.low)};width:${percent(bar.high - bar.low)}`}
                />
              </td>
              <td class="figure">
                <strong>{formatRate(bar.perSec)}</strong> ({formatInterval(bar.low, bar.high)})
              </td>
              <td class="beside">{bar.beside}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  )
}

function todayBar({ capacity, covers, peak }: Story): Bar {
  const { perSec, low, high } = capacity!
  const enough = peak === null || low >= peak.perSec
  const short = peak !== null && high < peak.perSec
  const beside = covers === null ? '' : `${formatPercent(covers)} of the peak`
  return { name: 'Today', perSec, low, high, beside, tone: enough ? 'good' : short ? 'bad' : 'unsure' }
}

function fixBar(row: FixRow, peakPerSec: number | null): readonly Bar[] {
  const { perSec, lowPerSec, highPerSec, verdict } = row
  if (perSec === null || lowPerSec === null || highPerSec === null) return []
  const short = peakPerSec !== null && highPerSec < peakPerSec
  const tone =
    verdict === 'fixes' ? 'good' : short || verdict === 'no-effect' || verdict === 'harms' ? 'bad' : 'unsure'
  const beside = [row.ratio, row.verdictWord].filter(Boolean).join(' · ')
  return [{ name: capitalise(row.name), perSec, low: lowPerSec, high: highPerSec, beside, tone }]
}
