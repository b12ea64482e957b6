import type { Isolation, Scope } from '../../core/record.ts'
import type { Common } from '../../core/result.ts'
import { formatCount, formatPercent } from '../format.ts'
import { plainText } from '../plain-text.ts'
import type { Story } from './story.ts'

export type Trust = {
  readonly sound: boolean
  /** "Sound measurement" */
  readonly badge: string
  /** "sound: 11 of 11 checks, CPU budgets bind ± 3 %" */
  readonly says: string
}

const ISOLATION_WORDS: Readonly<Record<Isolation['means'], string>> = {
  'cgroup-v2': 'kernel control groups (v2)',
  'cgroup-v1': 'kernel control groups (v1)',
  'systemd-scope': 'systemd scopes',
  'duty-cycle': 'a duty cycle (processes stopped and continued every few ms; needs no rights)',
  docker: 'Docker (docker update of period and quota while containers run)',
  affinity: 'CPU affinity (whole cores only)',
  none: 'nothing: budgets were not enforced',
}

const SCOPE_WORDS: Readonly<Record<Scope, { readonly label: string; readonly says: string }>> = {
  'sample-shop': { label: 'Sample shop', says: "sample shop: these are not your site's numbers" },
  'own-app': {
    label: 'Own app, rehearsal hardware',
    says: "your app on rehearsal hardware: not your site's numbers",
  },
  attached: { label: 'Attached site', says: 'measured on the attached site' },
}

/** Whether to believe the run, and why. */
export function trustOf({ result, believable }: Story): Trust {
  const { checks, reasons, trusted } = result.validity
  if (result.command === 'watch')
    return {
      sound: true,
      badge: 'Watched',
      says: `the cause is ours; the load and whether it was served well are ${plainText(result.watched.program)}'s to say`,
    }
  if (checks.length === 0 && reasons.length === 0)
    return { sound: false, badge: 'Nothing measured', says: 'nothing was measured that could be checked' }
  const held = checks.filter((check) => check.held).length
  const apart = held < checks.length ? ' (a step that failed one does not count)' : ''
  const counted =
    checks.length === 0 ? '' : `${formatCount(held)} of ${formatCount(checks.length)} checks${apart}, `
  const budgets = budgetWords(result.isolation, result.scope)
  if (!believable || !trusted) {
    const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`
    const badge = believable ? 'Not fully sound' : 'Unsound measurement'
    return {
      sound: false,
      badge,
      says: `${believable ? 'not sound' : 'do not believe this measurement'}${why}`,
    }
  }
  return { sound: true, badge: 'Sound measurement', says: `sound: ${counted}${budgets}` }
}

/** "CPU budgets bind ± 3 %", or that they do not. */
function budgetWords({ means, bindsWithin }: Isolation, scope: Scope): string {
  if (means === 'none' || bindsWithin === null)
    return scope === 'attached'
      ? 'no CPU budgets: the system is not ours'
      : 'CPU budgets NOT enforced: CPU not isolated, verdicts on CPU are withheld'
  return `CPU budgets bind ± ${formatPercent(bindsWithin)}`
}

/** How CPU was budgeted, for the section on measurement quality. */
export function isolationWords({
  isolation,
  coreSpeed,
}: Pick<Common<string>, 'isolation' | 'coreSpeed'>): string {
  if (isolation.means === 'none') return ISOLATION_WORDS.none
  const period = isolation.periodMs === null ? '' : `, in periods of ${isolation.periodMs} ms`
  const speed =
    coreSpeed === null
      ? ''
      : `; this machine's cores ran at ${coreSpeed.low.toFixed(2)} to ${coreSpeed.high.toFixed(2)} times the speed that budgets are written for, and budgets followed`
  return `${ISOLATION_WORDS[isolation.means]}${period}${speed}`
}

/** Means that were tried before the one in use, and why they were not used; `null`: none was. */
export function passedOverWords({ passedOver = [] }: Isolation): string | null {
  return passedOver.length === 0
    ? null
    : passedOver.map(({ means, because }) => `${means} (${because})`).join('; ')
}

export function scopeWords(scope: Scope): { readonly label: string; readonly says: string } {
  return SCOPE_WORDS[scope]
}

export type Stamp = { readonly label: string; readonly says: string }

/** QUICK and PARTIAL: what a reader must see before any figure. */
export function stampsOf({ result }: Story): readonly Stamp[] {
  const stamps: Stamp[] = []
  if (result.quick)
    stamps.push({ label: 'QUICK: not for sign-off', says: 'shorter surge, fewer steps, wider intervals' })
  if (result.partial)
    stamps.push({ label: 'PARTIAL', says: 'the run ended before it was done; this is what was recorded' })
  return stamps
}
