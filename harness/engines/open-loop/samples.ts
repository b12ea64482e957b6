import type { Page } from '../../core/scenario.ts'

/** A page as some shopper really got it, and how long such pages take while the system keeps up. */
export type Sample = { readonly page: Page; readonly setsCookie: boolean; readonly responseUs: number }

/**
 * The latest right answer of each route, with the fastest response there was. Fastest, not latest: a step begins as it
 * would on a system that keeps up. Times from a step that collapsed would make sessions last longer, hence more of them
 * be under way, and the next step begin with the collapse of the one before.
 */
export class Samples {
  readonly #byRoute = new Map<string, Sample>()

  take(route: string, page: Page, setsCookie: boolean, responseUs: number): void {
    const fastestUs = Math.min(responseUs, this.#byRoute.get(route)?.responseUs ?? responseUs)
    this.#byRoute.set(route, { page, setsCookie, responseUs: fastestUs })
  }

  of(route: string): Sample | undefined {
    return this.#byRoute.get(route)
  }
}
