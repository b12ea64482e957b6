import type { Row } from '../row.ts'
import { CEILING } from './ceiling.ts'
import { CPU_AT_5K, CPU_AT_20K } from './cpu-per-request.ts'
import { FROZEN } from './frozen.ts'
import { JOURNEY_COST } from './journey-cost.ts'
import { MEMORY } from './memory.ts'
import { RECURSION } from './recursion.ts'
import { TRUTH } from './truth.ts'

/** The rows of `npm run bench engine`, in the order they are printed. */
export const ENGINE_ROWS: readonly Row[] = [
  CPU_AT_20K,
  CPU_AT_5K,
  CEILING,
  JOURNEY_COST,
  MEMORY,
  TRUTH,
  RECURSION,
  FROZEN,
]
