import { CookieJar } from './cookie-jar.ts'
import type { Line, Transport } from './transport.ts'

/** What one shopper goes shopping with: cookies, and connections of their own or everybody's. */
export class Browser {
  readonly jar = new CookieJar()
  readonly line: Line

  constructor(transport: Transport) {
    this.line = transport.line()
  }
}
