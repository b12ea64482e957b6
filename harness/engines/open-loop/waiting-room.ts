/**
 * The header by which a shop says that its answer is its waiting room, whatever the status: the shopper's position. Set on
 * every answer of the room, with `Retry-After` in seconds for when to look again.
 */
export const WAITING_ROOM_HEADER = 'x-waiting-room'

const LOOK_AGAIN_SEC = 5
const LONGEST_SEC = 60

/** When a browser in the waiting room looks again, seconds; rooms that do not say so are asked every 5 s. */
export function lookAgainSec(retryAfter: string | null): number {
  if (retryAfter === null || !/^\d{1,9}$/.test(retryAfter)) return LOOK_AGAIN_SEC
  return Math.min(LONGEST_SEC, Math.max(1, Number(retryAfter)))
}
