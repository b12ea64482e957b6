/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { RuledOut } from '../../core/result.ts'
import { formatValue } from '../format.ts'
import { classWords } from '../story/class-words.ts'
import { capitalise, causeSentence, confidenceSentence } from '../story/sentences.ts'
import type { Story } from '../story/story.ts'
import { Section, TableBox } from './section.tsx'

/** Why: the cause, what each layer testifies, and what was ruled out. */
export function CauseSection({ story }: { readonly story: Story }) {
  const { bottleneck, ruledOut } = story
  if (!bottleneck) return null
  const evidence = [...bottleneck.evidence].sort((a, b) => Number(b.supports) - Number(a.supports))
  return (
    <Section id="cause" title="Why" lead={`${capitalise(causeSentence(bottleneck))}.`}>
      <p>
        {classWords(bottleneck.class).means} {confidenceSentence(bottleneck)}
      </p>
      {evidence.length > 0 ? (
        <TableBox label="Evidence by layer">
          <table class="evidence stacks">
            <caption>
              What each layer testifies at the limit: in the steps around it or, where they leave doubt, in
              the surge
            </caption>
            <thead>
              <tr>
                <th scope="col">layer</th>
                <th scope="col">testimony</th>
                <th scope="col" class="number">
                  measured
                </th>
                <th scope="col" class="number">
                  threshold
                </th>
                <th scope="col">speaks</th>
              </tr>
            </thead>
            <tbody>
              {evidence.map(({ layer, metric, value, unit, threshold, supports, says }) => (
                <tr key={`${layer} ${metric}`}>
                  <th scope="row">{layer}</th>
                  <td>
                    {says} <small>{metric}</small>
                  </td>
                  <td class="number" data-label="measured">
                    {formatValue(value)} {unit}
                  </td>
                  <td class="number" data-label="threshold">
                    {formatValue(threshold)}
                  </td>
                  <td class="nowrap">{supports ? '✓ for it' : '– not for it'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      ) : null}
      <Rivals
        title="Ruled out"
        rivals={ruledOut.filter(({ judged }) => judged !== false)}
        runnerUp={bottleneck.runnerUp}
      />
      <Rivals
        title="Not judged"
        rivals={ruledOut.filter(({ judged }) => judged === false)}
        runnerUp={bottleneck.runnerUp}
      />
    </Section>
  )
}

function Rivals({
  title,
  rivals,
  runnerUp,
}: {
  readonly title: string
  readonly rivals: readonly RuledOut[]
  readonly runnerUp: RuledOut['class'] | null
}) {
  if (rivals.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <ul class="ruled-out">
        {rivals.map(({ class: rival, because }) => (
          <li key={rival}>
            <strong>{capitalise(classWords(rival).name)}</strong>
            {rival === runnerUp ? ' (runner-up)' : ''}: {because}
          </li>
        ))}
      </ul>
    </>
  )
}
