import type { WatchedLine } from './record.ts'

/** How somebody else's load generator ended, and after how long: "k6 ended with 99 after 61 s". */
export function generatorEnd({
  program,
  exitCode,
  startUs,
  endUs,
}: Pick<WatchedLine, 'program' | 'exitCode' | 'startUs' | 'endUs'>): string {
  const sec = (endUs - startUs) / 1e6
  const after = `after ${sec < 10 ? sec.toFixed(1) : Math.round(sec)} s`
  return exitCode === null
    ? `${program} was ended by a signal ${after}`
    : `${program} ended with ${exitCode} ${after}`
}
