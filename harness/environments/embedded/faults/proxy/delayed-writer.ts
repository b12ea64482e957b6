import type { Socket } from 'node:net'

/** More than this on its way holds the sender back. */
const MOST_WAITING_BYTES = 1_000_000

type Waiting = { readonly chunk: Buffer | null; readonly dueMs: number }

/** Writes what comes from one socket to another, in order, each chunk as much later as is asked for when it comes. */
export class DelayedWriter {
  readonly #from: Socket
  readonly #to: Socket
  readonly #delayMs: () => number
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | null = null
  #ended = false

  constructor(from: Socket, to: Socket, delayMs: () => number) {
    this.#from = from
    this.#to = to
    this.#delayMs = delayMs
    to.on('drain', () => this.#goOn())
    to.on('close', () => {
      if (this.#timer) clearTimeout(this.#timer)
      this.#waiting.length = 0
    })
  }

  write(chunk: Buffer): void {
    this.#waitingBytes += chunk.length
    this.#put(chunk)
    if (this.#waitingBytes > MOST_WAITING_BYTES) this.#from.pause()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#put(null)
  }

  #put(chunk: Buffer | null): void {
    // Never before what came earlier, also when the delay has become shorter since.
    const dueMs = Math.max(performance.now() + this.#delayMs(), this.#waiting.at(-1)?.dueMs ?? 0)
    this.#waiting.push({ chunk, dueMs })
    if (!this.#timer) this.#flush()
  }

  #flush(): void {
    this.#timer = null
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const leftMs = next.dueMs - performance.now()
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), Math.ceil(leftMs))
        return
      }
      this.#waiting.shift()
      if (next.chunk === null) this.#to.end()
      else {
        this.#waitingBytes -= next.chunk.length
        if (!this.#to.write(next.chunk)) this.#from.pause()
      }
    }
    this.#goOn()
  }

  #goOn(): void {
    if (!this.#to.writableNeedDrain && this.#waitingBytes <= MOST_WAITING_BYTES) this.#from.resume()
  }
}
