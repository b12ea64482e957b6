import type { PathParams, PostOptions } from '../../core/scenario.ts'
import { fillPath, readTemplate } from './route.ts'

/** One click as a journey asks for it. */
export type ClickSpec = {
  readonly route: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string | null
  readonly key: string | null
}

/** A GET of a path template. */
export function getSpec(path: string, params: PathParams | undefined): ClickSpec {
  const template = readTemplate(path)
  return {
    route: template.routes.GET,
    method: 'GET',
    path: fillPath(template, params),
    body: null,
    key: null,
  }
}

/** A POST to a path template, with a JSON body and an idempotency key if it has them. */
export function postSpec(path: string, { params, json, key }: PostOptions): ClickSpec {
  const template = readTemplate(path)
  return {
    route: template.routes.POST,
    method: 'POST',
    path: fillPath(template, params),
    body: json === undefined ? null : JSON.stringify(json),
    key: key ?? null,
  }
}

/** Reloading must not order twice: a POST is reloaded only with an idempotency key. */
export function isReloadable(spec: ClickSpec): boolean {
  return spec.method === 'GET' || spec.key !== null
}
