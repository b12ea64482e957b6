/** Arrivals as they were written down: µs since the first of them, in ascending order. */
export type Recording = { readonly atUs: Float64Array }

/** A part of a recording: from `fromUs` after its first arrival, `speed` times as fast, for `lastsUs` of the replay. */
export type RecordedWindow = { readonly fromUs: number; readonly lastsUs: number; readonly speed: number }

/** A recording from times in whole µs since any origin, in any order; there must be one at least. */
export function recordingOf(timesUs: Float64Array): Recording {
  const atUs = Float64Array.from(timesUs).sort()
  const firstUs = atUs[0]!
  for (let i = 0; i < atUs.length; i++) atUs[i]! -= firstUs
  return { atUs }
}

/** The arrivals of a window, in whole µs after its start. At speed 1 they are those of the recording to the microsecond. */
export function arrivalsWithin(recording: Recording, window: RecordedWindow): Float64Array {
  const [first, end] = indexesWithin(recording, window)
  return recording.atUs.subarray(first, end).map((us) => replayedUs(us - window.fromUs, window.speed))
}

/** How many arrivals a window has. */
export function countWithin(recording: Recording, window: RecordedWindow): number {
  const [first, end] = indexesWithin(recording, window)
  return end - first
}

/** The replay's time of a time in the recording: where one arrival lies is decided by this alone, and so without doubt. */
export function replayedUs(us: number, speed: number): number {
  return Math.floor(us / speed)
}

function indexesWithin({ atUs }: Recording, { fromUs, lastsUs, speed }: RecordedWindow): [number, number] {
  return [
    firstThat(atUs, (us) => us >= fromUs),
    firstThat(atUs, (us) => replayedUs(us - fromUs, speed) >= lastsUs),
  ]
}

/** Index of the first time that is so, as are all after it; the length when none is. */
function firstThat(atUs: Float64Array, isSo: (us: number) => boolean): number {
  let low = 0
  let high = atUs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isSo(atUs[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
