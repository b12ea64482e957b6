import { isDeepStrictEqual } from 'node:util'
import type { Listening } from './start-listening.ts'
import type { Supervisor } from './supervisor/connect.ts'

type Wanted = { readonly kind: string; readonly cpu: number }
type Start<W extends Wanted> = (wanted: W, signal: AbortSignal, port?: number) => Promise<Listening>

const STOP_GRACE_MS = 1500

/** A component that a topology may have or not. While it is there it keeps its port: who was told of it need not be told again. */
export class SideComponent<W extends Wanted> {
  readonly #name: string
  readonly #supervisor: Supervisor
  readonly #start: Start<W>
  #running: { readonly listening: Listening; readonly wanted: W } | null = null
  #alive = false

  constructor(name: string, supervisor: Supervisor, start: Start<W>) {
    this.#name = name
    this.#supervisor = supervisor
    this.#start = start
  }

  /** Where it listens, or did until it died; `null`: the topology has none. */
  get port(): number | null {
    return this.#running?.listening.port ?? null
  }
  get isAlive(): boolean {
    return this.#alive
  }

  /**
   * Starts it, or starts it anew when it died or is wanted otherwise: then true, as connections to it broke. One that is not
   * wanted stays until `removeUnless`.
   */
  async moveTo(wanted: W, signal: AbortSignal): Promise<boolean> {
    if (wanted.kind === 'none') return false
    const before = this.#running
    if (before && this.#alive && isDeepStrictEqual({ ...before.wanted, cpu: 0 }, { ...wanted, cpu: 0 }))
      return false
    await this.stop()
    await this.#open(wanted, signal, before?.listening.port)
    return before !== null
  }

  /** Starts one that has ended again as it was; one that still runs is left alone. */
  async revive(signal: AbortSignal): Promise<void> {
    const before = this.#running
    if (before && !this.#alive) await this.#open(before.wanted, signal, before.listening.port)
  }

  async removeUnless({ kind }: W): Promise<void> {
    if (kind !== 'none') return
    await this.stop()
    this.#running = null
  }

  /** Ends it, to be started again at its port. */
  async stop(): Promise<void> {
    if (!this.#alive) return
    this.#alive = false
    await this.#supervisor.ask('stop', { component: this.#name, signal: 'SIGTERM', graceMs: STOP_GRACE_MS })
  }

  async #open(wanted: W, signal: AbortSignal, port?: number): Promise<void> {
    const listening = await this.#start(wanted, signal, port)
    this.#running = { listening, wanted }
    this.#alive = true
    void this.#supervisor.ended(this.#name, listening.pid).then(() => {
      if (this.#running?.listening.pid === listening.pid) this.#alive = false
    })
  }
}
