import type { Page } from '../../core/scenario.ts'

/** A page as some shopper really got it, and how long such pages take. */
export type Sample = { readonly page: Page; readonly setsCookie: boolean; readonly responseUs: number }

/** The latest right answer of each route, with its response time smoothed over the last few. */
export class Samples {
  readonly #byRoute = new Map<string, Sample>()

  take(route: string, page: Page, setsCookie: boolean, responseUs: number): void {
    const before = this.#byRoute.get(route)
    // Exponential smoothing with gain 1/8, as TCP smooths its round-trip time (RFC 6298 §2).
    const smoothUs = before ? before.responseUs + (responseUs - before.responseUs) / 8 : responseUs
    this.#byRoute.set(route, { page, setsCookie, responseUs: smoothUs })
  }

  of(route: string): Sample | undefined {
    return this.#byRoute.get(route)
  }
}
