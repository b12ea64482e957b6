import { FIX_IDS, FIXES } from '../core/fixes/index.ts'

const OFFERED = {
  always: 'tried where it applies',
  'when-diagnosed': 'tried where it applies, for',
  'when-asked': 'only with --fix',
} as const

/** Every fix with when it is tried, one a line, for people who ask for help. */
export function fixList(): string {
  const width = Math.max(...FIX_IDS.map((id) => id.length))
  const lines = FIX_IDS.map((id) => {
    const { offered, helps } = FIXES[id]
    const causes = offered === 'when-diagnosed' ? ` ${helps.join(', ')}` : ''
    return `  ${id.padEnd(width)}  ${OFFERED[offered]}${causes}`
  })
  return lines.join('\n')
}
