import { describe, expect, it } from 'vitest'
import { renderHtml } from './html.ts'
import { HOSTILE, makeHostile } from './testing/hostile.ts'
import { makeOtherResults } from './testing/make-other-results.ts'
import { makeRehearsal, type RehearsalKind } from './testing/make-rehearsal.ts'

const html = (kind: RehearsalKind) => {
  const { result, run } = makeRehearsal(kind)
  return renderHtml(result, run)
}

/** What a reader sees as text: no styles, no data, no tags. */
const visible = (page: string) =>
  page
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')

const order = (page: string) => [...page.matchAll(/<section id="([\w-]+)"/g)].map(([, id]) => id)

describe('the HTML report', () => {
  it('answers the four questions first, then gives the evidence, in the order people ask', () => {
    const page = html('does-not-hold')
    expect(order(page)).toEqual([
      'coverage',
      'incident',
      'cause',
      'fixes',
      'impact',
      'not-tested',
      'next',
      'replay',
      'capacity',
      'utilisation',
      'database',
      'sign-off',
      'details',
    ])
    const first = visible(page.slice(0, page.indexOf('id="coverage"')))
    expect(first).toContain('Today does not hold')
    expect(first).toContain('8 s into the surge')
    expect(first).toContain('Database CPU, confirmed')
    expect(first).toContain('the same surge was replayed on it and held')
    expect(first).toContain('Do not buy load balancing over 2 servers alone')
    expect(first).toContain('Sound measurement')
    expect(first).toContain("these are not your site's numbers")
  })

  it('gives every chart a text for those who cannot see it', () => {
    const page = html('does-not-hold')
    const charts = [...page.matchAll(/<div role="img" aria-label="([^"]*)"/g)]
    expect(charts.length).toBeGreaterThanOrEqual(9)
    for (const [, label] of charts) expect(label!.length).toBeGreaterThan(20)
    expect(page.match(/<svg /g)?.length).toBe(page.match(/<svg viewBox="[^"]*" aria-hidden="true"/g)?.length)
  })

  it('gives every table a caption', () => {
    const page = html('does-not-hold')
    expect(page.match(/<caption/g)?.length).toBe(page.match(/<table/g)?.length)
  })

  it('says in words what did not happen', () => {
    const text = visible(html('holds'))
    expect(text.match(/did not happen/g)).toHaveLength(4)
    expect(text).toContain('Nothing: the surge of 60 shoppers/s was served.')
    expect(text).not.toMatch(/\bnull\b|undefined|NaN|Infinity/)
  })

  it('shows no capacity, cause or fix of a measurement that is not to be believed', () => {
    const page = html('invalid')
    const text = visible(page)
    expect(text).toContain('Do not believe this measurement')
    expect(text).toContain('send lag')
    expect(text).not.toMatch(/\b31\b \(28/)
    expect(order(page)).not.toContain('coverage')
    for (const id of ['capacity', 'cause', 'fixes', 'impact']) expect(order(page)).not.toContain(id)
    expect(page).not.toMatch(/class="moment/)
  })

  it('stamps what is partial or quick, and refuses the signature', () => {
    const text = visible(html('partial'))
    expect(text).toContain('QUICK: not for sign-off')
    expect(text).toContain('PARTIAL')
    expect(text).toContain('Not for sign-off')
    expect(visible(html('does-not-hold'))).not.toContain('Not for sign-off')
  })

  it('names every fix that bought nothing', () => {
    const page = html('no-fix-holds')
    const box = visible(page.slice(page.indexOf('<aside'), page.indexOf('</aside>')))
    expect(box).toContain('Database CPU ×3')
    expect(box).toContain('Load balancing over 2 servers')
    expect(visible(page)).toContain('No fix tried holds')
  })

  it('speaks of fixes, never of arms', () => {
    for (const kind of ['does-not-hold', 'no-fix-holds', 'inconclusive'] as const)
      expect(visible(html(kind))).not.toMatch(/\barms?\b/i)
  })

  it('loads nothing and runs nothing', () => {
    const page = html('does-not-hold')
    expect(page).not.toMatch(/https?:|src=|@import|url\((?!#)|<link|<a /)
    expect([...page.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag)).toEqual([
      '<script type="application/json" id="result">',
    ])
  })

  it('shows hostile names as they are', () => {
    const { result, run } = makeHostile()
    const page = renderHtml(result, run)
    expect(page).not.toContain('<img')
    expect(page.match(/<\/script>/g)).toHaveLength(1)
    expect(page).toContain('&lt;img src=x onerror=alert(1)>')
  })

  it('holds the whole result as JSON, whatever the names', () => {
    const { result, run } = makeHostile()
    const page = renderHtml(result, run)
    const json = /<script type="application\/json" id="result">([\s\S]*?)<\/script>/.exec(page)?.[1]
    expect(JSON.parse(json!)).toEqual(result)
    expect(JSON.parse(json!).run).toContain(HOSTILE)
  })

  it('stays below 1 MB, and says the same twice', () => {
    const page = html('does-not-hold')
    expect(Buffer.byteLength(page)).toBeLessThan(500_000)
    expect(html('does-not-hold')).toBe(page)
  })

  it('leaves no drawing in colours that know only one scheme', () => {
    const drawings = html('does-not-hold').match(/<svg [\s\S]*?<\/svg>/g) ?? []
    for (const svg of drawings) expect(svg).not.toMatch(/#[0-9a-f]{3,8}\b|rgb/i)
  })

  it('reports every other command with what it answers', () => {
    const { run: data } = makeRehearsal('does-not-hold')
    const { run, capacity, whatif, diagnose } = makeOtherResults()
    expect(order(renderHtml(run, data))).toContain('incident')
    expect(order(renderHtml(capacity, data))).toContain('coverage')
    expect(visible(renderHtml(capacity, data))).toContain('Too little capacity')
    expect(order(renderHtml(whatif, data))).toContain('fixes')
    expect(order(renderHtml(diagnose, data))).toContain('cause')
  })
})
