/** Figures as every report prints them: the unit is always there, and never more digits than the measurement carries. */

/** A rate without its unit: one decimal below 10, whole above ("4.5", "31"). */
export function formatRate(perSec: number): string {
  return Math.abs(perSec) < 9.95 ? trimZero(perSec.toFixed(1)) : formatCount(perSec)
}

/** An interval of rates: "28–34". */
export function formatInterval(low: number, high: number): string {
  return `${formatRate(low)}–${formatRate(high)}`
}

/** A whole number with thousands separators: "10,000". */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** A ratio 0..1 as a percentage: "52 %"; below 1 % with one decimal. */
export function formatPercent(ratio: number): string {
  const percent = ratio * 100
  const fine = percent !== 0 && Math.abs(percent) < 0.95
  return `${fine ? trimZero(percent.toFixed(1)) : formatCount(percent)} %`
}

/** A factor: "×1.9". */
export function formatFactor(factor: number): string {
  return `×${factor.toFixed(factor < 0.095 ? 2 : 1)}`
}

/** A time in ms as "312 ms" or "1.4 s"; `null`, slower than any bound, as "> 3 s" (the shopper's patience). */
export function formatMs(ms: number | null, patienceMs: number | null): string {
  if (ms === null) return patienceMs === null ? 'slower than any bound' : `> ${formatMs(patienceMs, null)}`
  if (ms >= 999.5) return `${trimZero((ms / 1000).toFixed(ms < 9950 ? 1 : 0))} s`
  return ms < 9.95 ? `${trimZero(ms.toFixed(1))} ms` : `${Math.round(ms)} ms`
}

/** A moment of the surge, in seconds since its start: "+0:04". */
export function formatOffset(sec: number): string {
  return `+${clockText(sec)}`
}

/** A stretch of the surge: "+0:14–0:29". */
export function formatStretch(fromSec: number, toSec: number): string {
  return `+${clockText(fromSec)}–${clockText(toSec)}`
}

/** How long something took: "4 min 41 s". */
export function formatElapsed(sec: number): string {
  const whole = Math.round(sec)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** Money, without cents: "€4,210". A currency code Intl does not know is printed as it is. */
export function formatMoney(amount: number, currency: string): string {
  try {
    return amount.toLocaleString('en-US', { style: 'currency', currency, maximumFractionDigits: 0 })
  } catch {
    return `${formatCount(amount)} ${currency}`
  }
}

/** A quantity of CPU: "0.20 cores". */
export function formatCores(cores: number): string {
  return `${cores.toFixed(2)} cores`
}

/** An ISO time as "2026-11-27 09:00 UTC"; anything else as it is. */
export function formatWhen(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(iso)
  return match ? `${match[1]} ${match[2]} UTC` : iso
}

/** A plain number with at most three significant decimals: "0.968", "12". */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return 'unbounded'
  const size = Math.abs(value)
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return Number(value.toFixed(decimals)).toLocaleString('en-US', { maximumFractionDigits: 3 })
}

/** "1 server", "2 servers". */
export function formatPlural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${Math.round(count) === 1 ? '' : 's'}`
}

function clockText(sec: number): string {
  const whole = Math.max(0, Math.round(sec))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

function trimZero(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
