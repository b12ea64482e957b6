import type { Row } from '../row.ts'
import { MOVES_OF_A_TOPOLOGY } from './moves.ts'

/** The rows of `npm run bench environment`, in the order they are printed. */
export const ENVIRONMENT_ROWS: readonly Row[] = [MOVES_OF_A_TOPOLOGY]
