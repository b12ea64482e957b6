import { describe, expect, it } from 'vitest'
import * as format from './format.ts'

describe('figures', () => {
  it.each([
    [format.formatRate(4.46), '4.5'],
    [format.formatRate(9.96), '10'],
    [format.formatRate(1234.6), '1,235'],
    [format.formatInterval(27.6, 34.2), '28–34'],
    [format.formatPercent(0.517), '52 %'],
    [format.formatPercent(0.004), '0.4 %'],
    [format.formatPercent(0), '0 %'],
    [format.formatPercent(-0.48), '-48 %'],
    [format.formatFactor(1.94), '×1.9'],
    [format.formatMs(4.24, null), '4.2 ms'],
    [format.formatMs(999.7, null), '1 s'],
    [format.formatMs(1412, null), '1.4 s'],
    [format.formatMs(null, 3000), '> 3 s'],
    [format.formatMs(null, null), 'slower than any bound'],
    [format.formatOffset(64), '+1:04'],
    [format.formatStretch(14, 29.4), '+0:14–0:29'],
    [format.formatElapsed(281), '4 min 41 s'],
    [format.formatElapsed(59.6), '1 min 0 s'],
    [format.formatElapsed(8), '8 s'],
    [format.formatMoney(9234.5, 'EUR'), '€9,235'],
    [format.formatMoney(10, 'gold'), '10 gold'],
    [format.formatWhen('2026-11-27T09:00:12Z'), '2026-11-27 09:00 UTC'],
    [format.formatWhen('soon'), 'soon'],
    [format.formatValue(Number.POSITIVE_INFINITY), 'unbounded'],
    [format.formatValue(0.9684), '0.968'],
    [format.formatPlural(1, 'server'), '1 server'],
    [format.formatPlural(2, 'server'), '2 servers'],
  ])('%s', (got, wanted) => expect(got).toBe(wanted))
})
