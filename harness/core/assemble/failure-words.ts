import type { ArmFailedLine } from '../record.ts'

/** Longest part of a component's own words that a verdict repeats. */
const LAST_WORDS = 160
/** Levels of the usual JSON logs (pino, bunyan) that tell of no trouble are below this. */
const WARNING = 40

/** "did not come up: app-5 was started but not ready within 8 s (cannot open all connections: …)". */
export function failureWords({ when, reason }: Pick<ArmFailedLine, 'when' | 'reason'>): string {
  const [first = '', ...output] = reason.split('\n').filter((line) => line.trim() !== '')
  const says = first.replace(/; its last output:$/, '')
  const words = output.flatMap((line) => wordsOf(line.trim()) ?? []).at(-1)
  const last = words === undefined ? '' : ` (${words})`
  return `${when === 'standing-up' ? 'did not come up' : 'did not stay up under load'}: ${says}${last}`
}

/** What a line of output says of trouble; `null`: nothing. What was said when we ended it is no trouble. */
function wordsOf(line: string): string | null {
  if (line === '(none)') return null
  const logged = readLog(line)
  if (!logged) return shortened(line)
  if (typeof logged['level'] === 'number' && logged['level'] < WARNING) return null
  const parts = [logged['msg'], logged['reason']].filter((part) => typeof part === 'string')
  return shortened(parts.length > 0 ? parts.join(': ') : line)
}

function readLog(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function shortened(line: string): string {
  return line.length <= LAST_WORDS ? line : `${line.slice(0, LAST_WORDS)}…`
}
