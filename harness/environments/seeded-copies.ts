import { type DatabaseServer, SEEDED_DATABASE } from './postgres-connection.ts'
import { createSeeded, restoreSnapshot } from './postgres-data.ts'

/** Copies of the data as it was seeded, one for each set of flaws: some flaws are in the data. */
export class SeededCopies {
  readonly #server: DatabaseServer
  readonly #names = new Map<string, string>()
  #wanted = SEEDED_DATABASE

  /** `flaws`: those that the first copy was seeded with. */
  constructor(server: DatabaseServer, flaws: readonly string[]) {
    this.#server = server
    this.#names.set(JSON.stringify(flaws), SEEDED_DATABASE)
  }

  /** From now on the copy with these flaws is put back; `seed` fills the database whose URL it is given. */
  async choose(
    flaws: readonly string[],
    seed: (url: string, database: string) => Promise<void>,
  ): Promise<void> {
    const key = JSON.stringify(flaws)
    const known = this.#names.get(key)
    const name = known ?? `${SEEDED_DATABASE}_${this.#names.size + 1}`
    if (name === this.#wanted) return
    if (known === undefined) {
      await createSeeded(this.#server, name, (url) => seed(url, name))
      this.#names.set(key, name)
    }
    this.#wanted = name
  }

  /** Throws today's data away, whoever is connected to it, and puts the chosen copy in its place. */
  async restore(exempt?: (backendPid: number) => Promise<void>): Promise<void> {
    await restoreSnapshot(this.#server, this.#wanted, exempt)
  }
}
