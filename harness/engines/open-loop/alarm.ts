/** Rings once, at the time it was set to or somewhat later; setting it again replaces that time. */
export type Alarm = { set(dueUs: number): void }

/** Makes an alarm that calls `ring`. It may ring once too often after it was set again: who is rung looks at the time. */
export type MakeAlarm = (nowUs: () => number, ring: () => void) => Alarm

/** On the event loop's timer, which knows whole milliseconds: rings up to about a millisecond late. */
export const timerAlarm: MakeAlarm = (nowUs, ring) => {
  let timer: NodeJS.Timeout | undefined
  return {
    set: (dueUs) => {
      clearTimeout(timer)
      timer = setTimeout(ring, Math.max(1, Math.ceil((dueUs - nowUs()) / 1000)))
    },
  }
}
