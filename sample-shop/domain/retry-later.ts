import { ShopError } from './shop-error.ts'

/** An answer that will be another one in a while: it is sent with Retry-After. */
export class RetryLater extends ShopError {
  readonly retryAfterSec: number

  constructor(status: 429 | 503, code: string, message: string, retryAfterSec: number, cause?: unknown) {
    super(status, code, message, cause)
    this.name = 'RetryLater'
    this.retryAfterSec = retryAfterSec
  }
}
