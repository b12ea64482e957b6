import { describe, expect, it } from 'vitest'
import { renderMarkdown } from './markdown.ts'
import { renderAnswer } from './terminal.ts'
import { makeHostile } from './testing/hostile.ts'
import { makeOtherResults } from './testing/make-other-results.ts'
import { makeRehearsal, type RehearsalKind } from './testing/make-rehearsal.ts'

const KINDS: readonly RehearsalKind[] = [
  'does-not-hold',
  'holds',
  'inconclusive',
  'invalid',
  'partial',
  'no-fix-holds',
]

const plain = (kind: RehearsalKind, width = 100) =>
  renderAnswer(makeRehearsal(kind).result, { colour: false, width })

describe('the terminal answer', () => {
  it('reads like the design when today does not hold', () => {
    expect(plain('does-not-hold').split('\n')).toEqual([
      'black-friday · doors-open minute, real speed · 5 → 60 shoppers/s (≈ 240 clicks/s, ≈ 288 orders/min)',
      '✗ TODAY DOES NOT HOLD  capacity 31 shoppers/s (28–34) covers 52 % of peak · 171 of 324 orders lost',
      '  timeline  first sign +0:06 · SLO broken +0:08 · complete outage +0:13–0:30 · restored +0:38',
      '  cause     database CPU, confirmed: 98 % of 0.20 cores, 61 % of it "best sellers"; ruled out:',
      '            missing database index',
      '  fixes     database CPU ×3         58 (53–63)   ×1.9  helps; then app CPU binds at 97 % of peak',
      '            load balancing over 2   31 (28–34)   ×1.0  no effect: alone it buys nothing',
      '            both                   101 (92–110)  ×3.3  HOLDS in 1 of 1 replays; headroom 68 %',
      '  orders    no oversell, no order doubled, no confirmed order lost: held, in 477 confirmed orders',
      '  data      orders ≈40,000 ·',
      "            products ≈10,000, 27 MB with indexes: fits the database's cache of 128 MB",
      '  trust     sound: 5 of 6 checks (a step that failed one does not count), CPU budgets bind ± 3 % ·',
      "            sample shop: these are not your site's numbers",
      'report reports/latest/report.html ·',
      'next: rehearse black-friday --set topology.app.instances=2 --set topology.database.cpu=0.6',
      '--seed 43 · sign-off: rehearse black-friday --repeat 3 · 4 min 41 s',
    ])
  })

  it.each([100, 80, 64])('fits %i columns, whatever the answer', (width) => {
    for (const kind of KINDS) {
      const lines = plain(kind, width).split('\n')
      for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(width)
    }
  })

  it('says in words what did not happen', () => {
    const answer = plain('holds')
    expect(answer).toContain('✓ TODAY HOLDS')
    expect(answer).toContain('no sign of saturation · the SLO was never broken · no outage')
    expect(answer).toContain('fixes     none needed')
    expect(answer).not.toMatch(/null|undefined|NaN/)
  })

  it('shows no capacity, cause or fix of a measurement that is not to be believed', () => {
    const answer = plain('invalid')
    expect(answer).toContain('DO NOT BELIEVE THIS MEASUREMENT')
    expect(answer).toContain('send lag')
    expect(answer).not.toMatch(/capacity|cause|fixes|orders lost|timeline/)
  })

  it('stamps what is quick or partial', () => {
    expect(plain('partial')).toContain('QUICK: not for sign-off')
    expect(plain('partial')).toContain('PARTIAL')
    expect(plain('does-not-hold')).not.toMatch(/QUICK|PARTIAL/)
  })

  it('says when no fix holds, and not that none holds when some were not measured', () => {
    expect(plain('no-fix-holds')).toContain('no fix tried holds')
    expect(plain('inconclusive')).toContain('no fix was seen to hold')
  })

  it('says that no fix holds when the winner broke in its replay', () => {
    const { result } = makeRehearsal('does-not-hold')
    const winner = { ...result.winner!, survives: false, replays: { held: 0, of: 1 } }
    const answer = renderAnswer({ ...result, winner }, { colour: false, width: 100 })
    expect(answer).toContain('DID NOT HOLD in 1 of 1 replays')
    expect(answer).toContain('no fix tried holds')
  })

  it('calls a fast shop with wrong orders by its name', () => {
    const { result } = makeRehearsal('holds')
    const oversold = { name: 'no oversell', held: false, detail: '3 rows', samples: 4, firstBrokenSec: null }
    const answer = (firstBrokenSec: number | null) =>
      renderAnswer(
        { ...result, invariants: [{ ...oversold, firstBrokenSec }] },
        { colour: false, width: 200 },
      )
    expect(answer(null)).toContain('✗ FAST ENOUGH, BUT ORDERS ARE WRONG')
    expect(answer(null)).toContain('BROKEN in 324 confirmed orders: no oversell (3 rows)')
    expect(answer(7.4)).toContain('no oversell (3 rows; first seen +0:07 into the surge)')
  })

  it('says how often the books were looked into while the surge ran', () => {
    const { result } = makeRehearsal('holds')
    const invariants = result.invariants.map((one, i) => ({ ...one, samples: i === 0 ? 14 : 0 }))
    const answer = renderAnswer({ ...result, invariants }, { colour: false, width: 200 })
    expect(answer.replace(/\s+/g, ' ')).toContain(
      'held, in 324 confirmed orders; sampled 14 times during the surge',
    )
    expect(plain('holds')).not.toContain('sampled')
  })

  it('uses colour only when asked to, and the same words', () => {
    const { result } = makeRehearsal('does-not-hold')
    const coloured = renderAnswer(result, { colour: true, width: 100 })
    expect(coloured).toContain('\u001b[')
    expect(plain('does-not-hold')).not.toContain('\u001b')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is removed.
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(plain('does-not-hold'))
  })

  it('lets no name steer the terminal', () => {
    const answer = renderAnswer(makeHostile().result, { colour: false, width: 100 })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none but line breaks may be there.
    expect(answer).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  it('has no words on orders where nobody orders, but for rules that were not asked', () => {
    const { run } = makeOtherResults()
    const impact = { ...run.impact!, ordersExpected: 0, ordersTaken: 0, ordersLost: 0, shoppersTurnedAway: 0 }
    const looked = { ...run, impact, surge: { ...run.surge, impact }, invariants: [] }
    const answer = (result: typeof looked) => renderAnswer(result, { colour: false, width: 100 })
    expect(answer(looked)).not.toMatch(/^ +orders |order lost|orders lost|invariant/m)
    const unchecked = [{ name: 'no oversell', because: 'it asks for tables' }]
    expect(answer({ ...looked, uncheckedInvariants: unchecked })).toContain(
      'orders    NOT CHECKED: no oversell (it asks for tables)',
    )
    const page = renderMarkdown({ ...looked, uncheckedInvariants: unchecked }, makeRehearsal('holds').run)
    expect(page).toContain('NOT CHECKED: no oversell')
  })

  it('names the redirects that leave the site', () => {
    const { run } = makeOtherResults()
    const redirectsAway = [{ route: 'GET /', n: 300, ratio: 1 }]
    const told = { ...run, surge: { ...run.surge, redirectsAway } }
    expect(renderAnswer(told, { colour: false, width: 200 })).toContain(
      'redirects GET / (100 % of its answers) is a redirect that leaves the site',
    )
  })

  it('says where the report of a what-if is, and what to do next', () => {
    const { whatif } = makeOtherResults()
    const { header } = makeRehearsal('does-not-hold').result
    const named = { ...whatif, report: 'reports/one/report.html' }
    const answer = renderAnswer(named, { colour: false, width: 100, header })
    expect(answer).toContain('report reports/one/report.html')
    expect(answer).toContain('next: rehearse black-friday')
    expect(answer).not.toContain('<scenario>')
  })

  it('answers for every other command', () => {
    const { run, capacity, whatif, diagnose } = makeOtherResults()
    const answer = (result: Parameters<typeof renderAnswer>[0]) =>
      renderAnswer(result, { colour: false, width: 100 })
    expect(answer(run)).toContain('run black-friday')
    expect(answer(run)).toContain('171 of 324 orders lost')
    expect(answer(capacity)).toContain(
      '✗ TOO LITTLE CAPACITY  capacity 31 shoppers/s (28–34) · asked for at least 50',
    )
    expect(answer(whatif)).toContain('✓ A FIX HOLDS  Only both together hold')
    expect(answer(whatif)).toContain('×3.3')
    expect(answer(diagnose)).toContain('evidence  database: the database used 98 % of its CPU budget')
  })
})
