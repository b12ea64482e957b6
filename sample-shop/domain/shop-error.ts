/** An answer other than the one asked for: the HTTP status, a code for programs and a sentence for people. */
export class ShopError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ShopError'
    this.status = status
    this.code = code
  }
}
