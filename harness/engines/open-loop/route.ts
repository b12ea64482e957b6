import { HarnessError } from '../../core/errors.ts'
import type { PathParams } from '../../core/scenario.ts'

/** "GET /search" for GET '/search?q=:q': the name a route has in the record, without its query string. */
export function routeName(method: string, template: string): string {
  const query = template.indexOf('?')
  return `${method} ${query < 0 ? template : template.slice(0, query)}`
}

/** Fills "/products/:id?from=:page" with URL-encoded values; a parameter without a value is a mistake in the journey. */
export function fillPath(template: string, params: PathParams | undefined): string {
  if (!template.startsWith('/')) {
    throw mistake(template, `a path must begin with "/"`)
  }
  const path = template.replace(/:([A-Za-z_]\w*)/g, (_, name: string) => {
    const value = params?.[name]
    if (value === undefined) throw mistake(template, `no value for ":${name}"`)
    return encodeURIComponent(value)
  })
  // Spaces and letters beyond ASCII in the template itself; what is encoded already stays as it is.
  return path.replace(/[^\x21-\x7e]+/g, encodeURIComponent)
}

function mistake(template: string, message: string): HarnessError {
  return new HarnessError({
    code: 'invalid-scenario',
    message: `Path "${template}": ${message}.`,
    where: template,
    hint: "Write it like shopper.get('/products/:id', { id: 7 }).",
  })
}
