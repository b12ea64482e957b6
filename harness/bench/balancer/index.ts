import type { Row } from '../row.ts'
import { CPU_AT_1K, CPU_AT_5K } from './cpu-against-haproxy.ts'

/** The rows of `npm run bench balancer`, in the order they are printed. */
export const BALANCER_ROWS: readonly Row[] = [CPU_AT_1K, CPU_AT_5K]
