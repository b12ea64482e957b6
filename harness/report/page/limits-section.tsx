/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { nextStepOf, PROGRAM } from '../story/next-step.ts'
import type { Story } from '../story/story.ts'
import { Section } from './section.tsx'

/** What this rehearsal did not test: as important as what it did. */
export function NotTestedSection({ story: { result } }: { readonly story: Story }) {
  if (result.notTested.length === 0) return null
  return (
    <Section id="not-tested" title="What this rehearsal did not test">
      <ul class="columns">
        {result.notTested.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </Section>
  )
}

/** The one next step, as a command to copy. */
export function NextStepSection({ story }: { readonly story: Story }) {
  const { says, command } = nextStepOf(story)
  return (
    <Section id="next" title="Next step">
      <p>{says}:</p>
      <pre class="command">
        <code>
          {PROGRAM}{' '}
          {command.split(/ (?=--)/).map((part) => (
            <span key={part}>{`${part} `}</span>
          ))}
        </code>
      </pre>
    </Section>
  )
}
