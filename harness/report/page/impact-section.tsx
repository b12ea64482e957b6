/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { Impact } from '../../core/result.ts'
import { formatCount, formatMoney } from '../format.ts'
import { capitalise, hasOrders, ordersSentence, ordersTaken } from '../story/sentences.ts'
import type { Story } from '../story/story.ts'
import { Section } from './section.tsx'

/** What it would have cost, and whether the shop kept its word on the orders it took. */
export function ImpactSection({ story }: { readonly story: Story }) {
  const { impact, invariants, unchecked, believable } = story
  const told = impact && (hasOrders(impact) || impact.shoppersTurnedAway > 0)
  const asked = invariants && invariants.length + unchecked.length > 0
  if (!believable || (!told && !asked)) return null
  return (
    <Section id="impact" title="Impact">
      {told ? <ImpactFigures impact={impact} /> : null}
      {asked ? (
        <p class={invariants.some(({ held }) => !held) ? 'broken' : undefined}>
          {capitalise(ordersSentence(invariants, ordersTaken(story), unchecked))}.
        </p>
      ) : null}
    </Section>
  )
}

function ImpactFigures({ impact }: { readonly impact: Impact }) {
  const { ordersLost, ordersExpected, ordersTaken: taken, revenueLost, currency, shoppersTurnedAway } = impact
  return (
    <>
      <dl class="figures">
        {hasOrders(impact) ? (
          <>
            <Figure
              value={formatCount(ordersLost)}
              says={`orders lost, of ${formatCount(ordersExpected)} the surge calls for`}
            />
            <Figure value={formatCount(taken)} says="orders taken" />
            <Figure value={formatMoney(revenueLost, currency)} says="of revenue lost" />
          </>
        ) : null}
        <Figure value={formatCount(shoppersTurnedAway)} says="shoppers turned away" />
      </dl>
      {hasOrders(impact) ? <p class="note">Orders the surge calls for: {impact.method}.</p> : null}
    </>
  )
}

function Figure({ value, says }: { readonly value: string; readonly says: string }) {
  return (
    <div>
      <dt>{says}</dt>
      <dd>{value}</dd>
    </div>
  )
}
