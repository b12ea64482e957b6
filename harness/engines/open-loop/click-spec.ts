import type { PathParams, PostOptions } from '../../core/scenario.ts'
import { fillPath, routeName } from './route.ts'

/** One click as a journey asks for it. */
export type ClickSpec = {
  readonly route: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string | null
  readonly key: string | null
}

/** A GET of a path template. */
export function getSpec(template: string, params: PathParams | undefined): ClickSpec {
  const path = fillPath(template, params)
  return { route: routeName('GET', template), method: 'GET', path, body: null, key: null }
}

/** A POST to a path template, with a JSON body and an idempotency key if it has them. */
export function postSpec(template: string, options: PostOptions): ClickSpec {
  return {
    route: routeName('POST', template),
    method: 'POST',
    path: fillPath(template, options.params),
    body: options.json === undefined ? null : JSON.stringify(options.json),
    key: options.key ?? null,
  }
}

/** Reloading must not order twice: a POST is reloaded only with an idempotency key. */
export function isReloadable(spec: ClickSpec): boolean {
  return spec.method === 'GET' || spec.key !== null
}
