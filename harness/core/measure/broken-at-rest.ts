import type { Outcome, SlotLine } from '../record.ts'
import type { SegmentData } from '../run-data.ts'
import { errorRatio, tallyClicks } from './tally-clicks.ts'

/** With so many clicks failing, there is nothing that a surge could break. */
const NEARLY_ALL = 0.9
/** Fewer clicks than this are chance. */
const FEWEST_CLICKS = 3

/** What fails, and how. */
export type Brokenness = {
  /** Of all clicks, 0..1. */
  readonly errorRatio: number
  readonly clicks: number
  /** What most of the failed attempts were: where, how they ended, and by which status of HTTP, if by any. */
  readonly route: string
  readonly outcome: Outcome
  readonly status: number | null
}

/** Whether (nearly) every click of a segment failed, and how; `null`: enough were answered right, or there were too few. */
export function brokenAtRest({ slots }: Pick<SegmentData, 'slots'>): Brokenness | null {
  const { all } = tallyClicks(slots.filter((slot) => slot.of === 'click' && slot.sec >= 0))
  if (all.clicks < FEWEST_CLICKS || errorRatio(all) < NEARLY_ALL) return null
  const [most] = failures(slots)
  return most ? { errorRatio: errorRatio(all), clicks: all.clicks, ...most } : null
}

/** How attempts failed, the most frequent first; a page that came and was wrong shows in its click alone. */
function failures(slots: readonly SlotLine[]): Pick<Brokenness, 'route' | 'outcome' | 'status'>[] {
  const counts = new Map<
    string,
    { readonly route: string; readonly outcome: Outcome; readonly status: number | null; n: number }
  >()
  for (const { of, route, outcome, status = null, n } of slots) {
    if (outcome === 'ok' || (of === 'click' && outcome !== 'failed-check')) continue
    const key = `${route} ${outcome} ${status}`
    const count = counts.get(key) ?? { route, outcome, status, n: 0 }
    counts.set(key, count)
    count.n += n
  }
  return [...counts.values()]
    .sort((a, b) => b.n - a.n)
    .map(({ route, outcome, status }) => ({ route, outcome, status }))
}

const ENDED: Readonly<Record<Outcome, string>> = {
  ok: 'was answered',
  'wrong-status': 'got a wrong answer',
  'failed-check': 'came, and was not what the journey expects',
  timeout: 'got no answer in time',
  refused: 'was refused a connection',
  reset: 'lost its connection',
  dns: 'found no address of that name',
  tls: 'found no trustworthy TLS',
  shed: 'was turned away (503)',
  queued: 'stood in the waiting room',
  dropped: 'was not sent: too many were under way',
  'given-up': 'got no answer in time',
}

/** 'GET / answered 401': what most attempts came to. */
export function brokennessWords({ route, outcome, status }: Brokenness): string {
  if (status === null || outcome === 'failed-check') return `${route} ${ENDED[outcome]}`
  const circle = status >= 300 && status < 400 ? ', a redirect that leads round in circles' : ''
  return `${route} answered ${status}${circle}`
}
