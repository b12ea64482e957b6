import type { Config } from '../config.ts'
import type { NewProductsPage, Product } from '../domain/catalogue.ts'
import { PRODUCT } from './catalogue.ts'
import type { Connection } from './database.ts'

/** The products that came in last: ids rise with time. */
export async function findNewProducts(connection: Connection, config: Config): Promise<NewProductsPage> {
  const products = await connection.query<Product>(
    'new-products',
    `select ${PRODUCT} from products p order by p.id desc limit $1`,
    [config.newProducts],
  )
  return { products }
}
