import { connect, createServer, type Server, type Socket } from 'node:net'
import { DelayedWriter } from './delayed-writer.ts'

export type ProxyState = {
  /** How much later everything from the server reaches the client. */
  readonly delayMs: number
  /** Share of new connections that are broken as soon as they are made. */
  readonly dropShare: number
}

/** Passes TCP connections on to a port of this machine: unchanged, later, or not at all. */
export class TcpProxy {
  readonly #targetPort: number
  readonly #open = new Map<Socket, Socket>()
  readonly #server: Server
  #state: ProxyState = { delayMs: 0, dropShare: 0 }
  /** Parts of connections that were to be broken and could not be: every second of two is half of each. */
  #owed = 0

  constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, host: '127.0.0.1', exclusive: true }, resolve)
    })
  }

  set(state: ProxyState): void {
    this.#state = state
  }

  /** Breaks this share of the open connections with a reset; how many those were. */
  breakOpen(share: number): number {
    const broken = [...this.#open.keys()].filter(() => this.#isDue(share))
    for (const client of broken) this.#break(client)
    return broken.length
  }

  close(): void {
    this.#server.close()
    for (const client of [...this.#open.keys()]) this.#break(client)
  }

  #accept(client: Socket): void {
    if (this.#isDue(this.#state.dropShare)) {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const target = connect({
      port: this.#targetPort,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    })
    this.#open.set(client, target)
    const answers = new DelayedWriter(target, client, () => this.#state.delayMs)
    client.pipe(target)
    target.on('data', (chunk: Buffer) => answers.write(chunk))
    target.on('end', () => answers.end())
    for (const socket of [client, target]) socket.on('error', () => this.#break(client))
    client.on('close', () => this.#break(client))
    // What the server said last is still on its way.
    target.on('close', (failed) => (failed ? this.#break(client) : answers.end()))
  }

  #break(client: Socket): void {
    const target = this.#open.get(client)
    if (!this.#open.delete(client)) return
    target?.destroy()
    if (!client.destroyed) client.resetAndDestroy()
  }

  #isDue(share: number): boolean {
    this.#owed += share
    // Shares such as 0.1 do not add up to whole numbers exactly.
    if (this.#owed < 1 - 1e-9) return false
    this.#owed -= 1
    return true
  }
}
