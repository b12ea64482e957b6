import { HarnessError } from '../../core/errors.ts'
import type { PathParams } from '../../core/scenario.ts'

export type Method = 'GET' | 'POST'

/** A path template, read once: journeys use the same few in every click. */
export type Template = {
  /** "GET /search" of '/search?q=:q': the name a route has in the record, without its query string. */
  readonly routes: Readonly<Record<Method, string>>
  /** What stands before, between and behind the parameters, encoded. */
  readonly texts: readonly string[]
  readonly params: readonly string[]
}

const known = new Map<string, Template>()
/** A journey that writes values into its templates makes a new one in every click: those are not kept. */
const MOST_KNOWN = 1000

/** Reads "/products/:id?from=:page"; a path that does not begin with "/" is a mistake in the journey. */
export function readTemplate(text: string): Template {
  const found = known.get(text)
  if (found) return found
  if (!text.startsWith('/')) throw mistake(text, `a path must begin with "/"`)
  const query = text.indexOf('?')
  const parts = text.split(/:([A-Za-z_]\w*)/)
  const name = query < 0 ? text : text.slice(0, query)
  const template = {
    routes: { GET: `GET ${name}`, POST: `POST ${name}` },
    // Spaces and letters beyond ASCII in the template itself; what is encoded already stays as it is.
    texts: parts
      .filter((_, i) => i % 2 === 0)
      .map((part) => part.replace(/[^\x21-\x7e]+/g, encodeURIComponent)),
    params: parts.filter((_, i) => i % 2 === 1),
  }
  if (known.size < MOST_KNOWN) known.set(text, template)
  return template
}

/** The path with URL-encoded values; a parameter without a value is a mistake in the journey. */
export function fillPath({ texts, params }: Template, values: PathParams | undefined): string {
  let path = texts[0]!
  for (let i = 0; i < params.length; i++) {
    const value = values?.[params[i]!]
    if (value === undefined) throw mistake(unfilled(texts, params), `no value for ":${params[i]}"`)
    path += (typeof value === 'number' ? value : encodeURIComponent(value)) + texts[i + 1]!
  }
  return path
}

function unfilled(texts: readonly string[], params: readonly string[]): string {
  return texts.map((text, i) => (i === 0 ? text : `:${params[i - 1]}${text}`)).join('')
}

function mistake(template: string, message: string): HarnessError {
  return new HarnessError({
    code: 'invalid-scenario',
    message: `Path "${template}": ${message}.`,
    where: template,
    hint: "Write it like shopper.get('/products/:id', { id: 7 }).",
  })
}
