import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Page } from '../../../core/scenario.ts'
import type { WireAnswer } from './connection.ts'

/** A page whose text and JSON are unpacked only when a journey asks: most pages are never looked into. */
export class ReceivedPage implements Page {
  readonly status: number
  readonly #answer: WireAnswer
  readonly #maxBytes: number
  #text: string | undefined
  #json: unknown

  constructor(answer: WireAnswer, maxBytes: number) {
    this.status = answer.head.status
    this.#answer = answer
    this.#maxBytes = maxBytes
  }

  /** Throws when the body is not what its Content-Encoding says, or unpacks to more than is allowed. */
  get text(): string {
    this.#text ??= this.#unpacked().toString('utf8')
    return this.#text
  }

  get json(): unknown {
    if (!/[/+]json\b/.test(this.#answer.head.contentType)) return undefined
    this.#json ??= JSON.parse(this.text)
    return this.#json
  }

  #unpacked(): Buffer {
    const { body, head } = this.#answer
    const options = { maxOutputLength: this.#maxBytes }
    switch (head.contentEncoding) {
      case '':
      case 'identity':
        return body
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, options)
      case 'deflate':
        return inflateSync(body, options)
      case 'br':
        return brotliDecompressSync(body, options)
      default:
        throw new Error(
          `the page came with Content-Encoding "${head.contentEncoding}", which was not asked for`,
        )
    }
  }
}
