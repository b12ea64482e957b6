import { describe, expect, it } from 'vitest'
import { renderMarkdown } from './markdown.ts'
import { makeHostile } from './testing/hostile.ts'
import { makeOtherResults } from './testing/make-other-results.ts'
import { makeRehearsal, type RehearsalKind } from './testing/make-rehearsal.ts'

const markdown = (kind: RehearsalKind) => {
  const { result, run } = makeRehearsal(kind)
  return renderMarkdown(result, run)
}

describe('the Markdown report', () => {
  it('gives answer, cause, fixes with figures, limits and a block to sign', () => {
    const page = markdown('does-not-hold')
    expect(page.match(/^## .*/gm)).toEqual([
      '## Peak and today',
      '## What happened',
      '## Why',
      '## What to do',
      '## Impact',
      '## What this rehearsal did not test',
      '## Next step',
      '## Measurement',
      '## Sign-off',
    ])
    expect(page).toContain('| Database CPU ×3 | 58 (53–63) | ×1.9 |')
    expect(page).toContain('**Do not buy:**')
    expect(page).toContain('Load balancer: Doorbuster’s own (node:http and undici), least-connections.')
    expect(page).toContain('| Name | Role | Date | Decision |')
  })

  it('says why it may not be signed', () => {
    expect(markdown('partial')).toContain('**QUICK: not for sign-off**')
    expect(markdown('partial')).toContain('**Not for sign-off: PARTIAL')
    expect(markdown('invalid')).toContain('**Not for sign-off: the measurement is not to be believed.**')
  })

  it('shows no capacity of a measurement that is not to be believed', () => {
    expect(markdown('invalid')).not.toMatch(/capacity|## Why|orders lost/i)
  })

  it('names the means that held CPU budgets, and those that were passed over', () => {
    const page = markdown('does-not-hold')
    expect(page).toContain('CPU budgeted by a duty cycle')
    expect(page).toContain('Means passed over before it: cgroup-v2 (/sys/fs/cgroup has no cpu controller')
    expect(markdown('no-fix-holds')).not.toContain('passed over')
  })

  it('says that verdicts on CPU are withheld where nothing held it', () => {
    expect(markdown('no-fix-holds')).toContain('CPU not isolated, verdicts on CPU are withheld')
    expect(markdown('does-not-hold')).not.toContain('CPU not isolated')
  })

  it('stays below 50 KB and has no holes', () => {
    for (const kind of ['does-not-hold', 'holds', 'inconclusive', 'no-fix-holds'] as const) {
      const page = markdown(kind)
      expect(Buffer.byteLength(page)).toBeLessThan(50_000)
      expect(page).not.toMatch(/\bnull\b|undefined|NaN/)
    }
  })

  it('shows hostile names as text, in their place', () => {
    const { result, run } = makeHostile()
    const page = renderMarkdown(result, run)
    const code = /^ {4}.*$/gm
    expect(page.match(code)).toHaveLength(1)
    expect(page.replace(code, '')).not.toContain('<img')
    expect(page).not.toMatch(/^# owned/m)
    const fixes = page
      .split('\n')
      .filter((line) => line.startsWith('| Database CPU') || line.startsWith('| Load'))
    for (const line of fixes) expect(line.match(/(?<!\\)\|/g)).toHaveLength(6)
  })

  it('reports every other command', () => {
    const { run: data } = makeRehearsal('does-not-hold')
    const { run, capacity, whatif, diagnose } = makeOtherResults()
    expect(renderMarkdown(run, data)).toContain('## What happened')
    expect(renderMarkdown(capacity, data)).toContain('**TOO LITTLE CAPACITY**')
    expect(renderMarkdown(whatif, data)).toContain('## What to do')
    expect(renderMarkdown(diagnose, data)).toContain('## Why')
  })
})
