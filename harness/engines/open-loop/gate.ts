import { HarnessError } from '../../core/errors.ts'
import type { HttpRequest } from './transport.ts'

/** What a drive may send. */
export type GateRules = {
  /** Requests, redirects included; the ceiling is told of when the last of them goes out. */
  readonly maxRequests: number
  /** False: a POST must not be sent, it could order, pay or mail. */
  readonly posts: boolean
  readonly usedUp: () => void
  /** A POST was stopped; it has not been sent. */
  readonly refused: (error: HarnessError) => void
}

/** Every request of a drive passes here, whoever sends it: clicks, reloads, redirects and the fill. */
export class Gate {
  readonly #rules: GateRules
  #left: number

  constructor(rules: GateRules) {
    this.#rules = rules
    this.#left = rules.maxRequests
  }

  /** Nothing passes any more. */
  close(): void {
    this.#left = 0
  }

  /** Whether a request may go out now; each one that may is counted. */
  pass(method: HttpRequest['method'], route: string): boolean {
    if (this.#left <= 0) return false
    if (method === 'POST' && !this.#rules.posts) {
      this.close()
      this.#rules.refused(sideEffects(route))
      return false
    }
    this.#left--
    if (this.#left === 0) this.#rules.usedUp()
    return true
  }
}

function sideEffects(route: string): HarnessError {
  return new HarnessError({
    code: 'refused-target',
    message: `Refused to send ${route}: Doorbuster did not start this system, and a POST may order, pay or mail for real.`,
    where: route,
    hint: 'Only if its payments, mails and stock are stubbed, add this line to the scenario: sideEffectsStubbed: true',
  })
}
