import { type ComponentChild, h } from 'preact'
import { renderToString } from 'preact-render-to-string'

/** Who looks at the page, as far as its forms must know. */
export type Visitor = {
  /** The token that shows a form is ours; `null` when nothing is there yet that another site's form could misuse. */
  readonly formToken: () => string | null
}

/** Of pages that have no form. */
export const NOBODY: Visitor = { formToken: () => null }

/** What a page consists of, worked out from what the database said. */
export type Page<Facts> = (facts: Facts) => {
  /** Everything the page shows, as data. */
  readonly model: object
  readonly title: string
  /** Renders the page's content (all but the frame that every page has) to HTML, afresh at each call. */
  readonly renderContent: (visitor: Visitor) => string
}

type Parts<Facts, Model extends object> = {
  readonly model: (facts: Facts) => Model
  readonly title: (model: Model) => string
  readonly content: (model: Model, visitor: Visitor) => ComponentChild
}

/** Ties a model to its view, so that JSON and HTML cannot drift apart. */
export function page<Facts, Model extends object>(parts: Parts<Facts, Model>): Page<Facts> {
  return (facts) => {
    const model = parts.model(facts)
    return {
      model,
      title: parts.title(model),
      renderContent: (visitor) => renderToString(h(() => parts.content(model, visitor), null)),
    }
  }
}
