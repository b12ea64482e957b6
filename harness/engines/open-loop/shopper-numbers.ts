import type { LoadPlan } from '../../core/plan.ts'
import { arrivals, type ReadyProcess } from '../../core/traffic/arrivals.ts'

/** Numbers for the shoppers of one drive, each given once in the whole run. */
export type DriveNumbers = {
  /** Of the session with this index; always the same. */
  session(index: number): number
  /** Another with every call, for a shopper who only fetches sample pages; `null`: none is left. */
  prime(): number | null
}

/**
 * How many shoppers of one partition may fetch sample pages in one drive with numbers of their own: far more than there
 * are ways through most shops, far fewer than come while a step fills. How many will is not known before the shop has
 * answered, and other partitions never learn it.
 */
const PRIMES = 32

/**
 * Numbers the shoppers of a run from 0, over all its drives. It follows from the plans alone, in the order they are
 * driven, however each of them ends: every partition of a run numbers alike without asking the others.
 */
export class ShopperNumbers {
  #given = (): number => 0

  /** Numbers for the drive of this plan, behind those of all drives before. */
  enter(plan: LoadPlan, process: ReadyProcess): DriveNumbers {
    const { index: part, of } = plan.partition
    const primes = plan.fillSec > 0 ? PRIMES : 0
    const firstPrime = this.#given
    const firstSession = () => firstPrime() + primes * of
    // Only when somebody asks for a number: to count a drive's sessions is to make all its arrivals once more.
    this.#given = once(() => firstSession() + sessionsOf(plan, process))
    let primed = 0
    return {
      session: (index) => firstSession() + index,
      prime: () => (primed < primes ? firstPrime() + part + of * primed++ : null),
    }
  }
}

/** Works a number out when it is asked for first. */
function once(find: () => number): () => number {
  let found: number | null = null
  return () => {
    found ??= find()
    return found
  }
}

/** Sessions of a whole plan, all partitions together. */
function sessionsOf({ curve, seed, fillSec }: LoadPlan, process: ReadyProcess): number {
  let sessions = 0
  for (const _ of arrivals(curve, seed, fillSec, undefined, process)) sessions++
  return sessions
}
