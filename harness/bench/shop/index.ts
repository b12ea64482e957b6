import type { Row } from '../row.ts'
import { CRASH } from './crash.ts'
import { PRODUCT_PAGE } from './product-page.ts'

/** The rows of `npm run bench shop`, in the order they are printed. */
export const SHOP_ROWS: readonly Row[] = [PRODUCT_PAGE, CRASH]
