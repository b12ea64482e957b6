import { z } from 'zod'
import type { ReplayShape } from '../scenario.ts'
import { countWithin, type Recording, recordingOf } from '../traffic/recording.ts'
import { lasting, longestSec, replayWindow } from '../traffic/replay-window.ts'
import { readDurationMs, readFactor } from '../units.ts'
import { knownKeys } from './known-keys.ts'
import type { Problem } from './problem.ts'
import { problemsOf } from './problems-of.ts'
import { FURTHEST_SEC, type TimesReading } from './read-times.ts'
import { textOf } from './text-of.ts'
import { MAX_LASTS_SEC, MIN_LASTS_SEC, SURGE_PARTS } from './traffic-input.ts'

/** Reads the times of a file that a scenario names. */
export type ReadTimes = (file: string) => TimesReading

export type ReplayReading =
  | { readonly ok: true; readonly shape: ReplayShape }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const FILE = 'the path of a file with one time a line, as seen from the scenario'
const TIMES = 'at least one time, in seconds'
const TIME = `a time in seconds, within ±${FURTHEST_SEC}`
const SLOWEST = 0.01
const FASTEST = 100_000

const REPLAY_INPUT = knownKeys({
  kind: z.literal('replay'),
  file: z.string({ error: FILE }).regex(/\S/, { error: FILE }).exactOptional(),
  times: z
    .array(z.number({ error: TIME }).min(-FURTHEST_SEC, { error: TIME }).max(FURTHEST_SEC, { error: TIME }), {
      error: TIMES,
    })
    .min(1, { error: TIMES })
    .exactOptional(),
  from: textOf('a duration after the first arrival such as "90s" or "20h"', readDurationMs).exactOptional(),
  lasts: SURGE_PARTS.lasts.exactOptional(),
  speed: textOf(`a factor from ${SLOWEST}x to ${FASTEST}x such as "60x"`, (text) => {
    const factor = readFactor(text)
    return factor !== null && factor >= SLOWEST && factor <= FASTEST ? factor : null
  }).exactOptional(),
  normal: SURGE_PARTS.normal.exactOptional(),
  peak: SURGE_PARTS.peak.exactOptional(),
})
type ReplayInput = z.output<typeof REPLAY_INPUT>

/** Whether a scenario's traffic wants to be a replay. */
export function isReplay(traffic: unknown): boolean {
  return typeof traffic === 'object' && traffic !== null && Reflect.get(traffic, 'kind') === 'replay'
}

/** Reads `surge.replay({ … })` and the times it asks for, all problems at once. */
export function readReplay(traffic: unknown, readTimes: ReadTimes): ReplayReading {
  const reading = REPLAY_INPUT.safeParse(traffic)
  if (!reading.success) return { ok: false, problems: problemsOf(reading.error, traffic, ['traffic']) }
  const times = timesOf(reading.data, readTimes)
  if (!times.ok) return times
  return windowOf(reading.data, times.recording)
}

function timesOf(
  { file, times }: ReplayInput,
  readTimes: ReadTimes,
): { readonly ok: true; readonly recording: Recording } | Extract<ReplayReading, { ok: false }> {
  if ((file === undefined) === (times === undefined)) {
    const got = file === undefined ? 'neither' : 'both'
    return { ok: false, problems: [{ path: 'traffic.file', expected: 'either file or times', got }] }
  }
  if (file === undefined) {
    return {
      ok: true,
      recording: recordingOf(Float64Array.from(times ?? [], (sec) => Math.round(sec * 1e6))),
    }
  }
  const reading = readTimes(file)
  if (reading.ok) return { ok: true, recording: recordingOf(reading.timesUs) }
  return { ok: false, problems: reading.problems.map((problem) => ({ path: 'traffic.file', ...problem })) }
}

/** The window that is asked for, if the recording has it. */
function windowOf(
  { file, from, lasts, speed, normal, peak }: ReplayInput,
  recording: Recording,
): ReplayReading {
  const refuse = (part: string, expected: string, got: string): ReplayReading => ({
    ok: false,
    problems: [{ path: `traffic.${part}`, expected, got }],
  })
  const source = file === undefined ? 'times' : 'file'
  const fromUs = Math.round((from ?? 0) * 1000)
  const whole = {
    kind: 'replay',
    recording,
    fromUs,
    speed: speed ?? 1,
    normalPerSec: normal ?? null,
    peak: peak ?? null,
  } as const
  const longest = longestSec(whole)
  const recordedSec = recording.atUs.at(-1)! / 1e6
  if (longest === 0)
    return refuse('from', `a beginning within the ${recordedSec} s that were recorded`, `${fromUs / 1e6} s`)
  const asked = lasting({ ...whole, lastsSec: longest }, lasts ?? longest)
  const at = asked.speed === 1 ? '' : ` at ×${asked.speed}`
  if (longest < MIN_LASTS_SEC)
    return refuse(
      speed === undefined ? (from === undefined ? source : 'from') : 'speed',
      `at least ${MIN_LASTS_SEC} s of arrivals`,
      `${longest} s${at}`,
    )
  if (asked.lastsSec > MAX_LASTS_SEC)
    return refuse(
      'lasts',
      `a part of at most ${MAX_LASTS_SEC / 60}min, such as "45s" (or a higher speed)`,
      `all ${longest} s${at}`,
    )
  if (countWithin(recording, replayWindow(asked)) === 0)
    return refuse('from', 'a part with arrivals in it', `none in ${asked.lastsSec} s`)
  return { ok: true, shape: asked }
}
