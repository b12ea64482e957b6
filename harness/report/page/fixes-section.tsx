/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { formatRate } from '../format.ts'
import { doNotBuy, type FixRow, fixRows } from '../story/fix-rows.ts'
import { actionSentence, capitalise } from '../story/sentences.ts'
import type { Story } from '../story/story.ts'
import { Section, TableBox } from './section.tsx'

/** What to do: every fix that was tried, with its verdict, and what not to spend money on. */
export function FixesSection({ story }: { readonly story: Story }) {
  const rows = fixRows(story)
  if (rows.length === 0) {
    const asked = story.result.command === 'rehearse' && story.believable
    return asked ? <Section id="fixes" title="What to do" lead={actionSentence(story)} /> : null
  }
  const wasted = doNotBuy(rows)
  return (
    <Section id="fixes" title="What to do" lead={actionSentence(story)}>
      <TableBox label="Fixes">
        <table class="fixes">
          <caption>
            Each fix was put in place and its capacity measured, in shoppers/s with its 95 % interval
          </caption>
          <thead>
            <tr>
              <th scope="col">fix</th>
              <th scope="col">verdict</th>
              <th scope="col" class="number">
                capacity
              </th>
              <th scope="col" class="number">
                against today
              </th>
              <th scope="col">brings with it</th>
              <th scope="col" class="number">
                cost
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <FixLine row={row} key={row.name} />
            ))}
          </tbody>
        </table>
      </TableBox>
      <p class="note">
        Cost is what the fix adds, in units of today's bill for the part it changes (+1 = one database server
        more). It is assumed, not measured.
      </p>
      {wasted.length > 0 ? (
        <aside class="do-not-buy" aria-label="Do not buy">
          <h3>Do not buy</h3>
          <ul>
            {wasted.map(({ name, says, because }) => (
              <li key={name}>
                <strong>{capitalise(name)}</strong>: {because === '' ? says : because}
              </li>
            ))}
          </ul>
        </aside>
      ) : null}
    </Section>
  )
}

function FixLine({ row }: { readonly row: FixRow }) {
  const { predictedPerSec: predicted } = row
  return (
    <tr class={row.wins ? 'winner' : undefined}>
      <th scope="row">{capitalise(row.name)}</th>
      <td>{row.says}</td>
      <td class="number">
        {row.capacity === null ? (
          'not measured'
        ) : (
          <>
            <strong>{row.capacity}</strong> ({row.interval})
          </>
        )}
        {predicted === null ? null : <small>modelled before: {formatRate(predicted)}</small>}
      </td>
      <td class="number">{row.ratio ?? '–'}</td>
      <td>{row.sideEffects.join('; ') || '–'}</td>
      <td class="number">+{formatRate(row.cost)}</td>
    </tr>
  )
}
