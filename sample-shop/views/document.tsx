import { renderToString } from 'preact-render-to-string'
import { STYLE } from './style.ts'

type Frame = { readonly title: string; readonly content: string }

/** The same on every page, and so not worth rendering for each. */
const LINKS =
  '<a href="/best-sellers">Best sellers</a> · <a href="/new">New</a> · <a href="/cart">Cart</a> · <a href="/account">Account</a>'

/** The frame every page has. `content` was rendered, and so escaped, by a page; the style is a constant of ours. */
const Frame = ({ title, content }: Frame) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{`${title} · Doorbuster sample shop`}</title>
      <style dangerouslySetInnerHTML={{ __html: STYLE }} />
    </head>
    <body>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header>
        <a class="brand" href="/">
          Doorbuster
        </a>
        <nav aria-label="Shop" dangerouslySetInnerHTML={{ __html: LINKS }} />
        <search>
          <form action="/search">
            <label>
              Search <input type="search" name="q" maxlength={100} required />
            </label>
            <button type="submit">Find</button>
          </form>
        </search>
      </header>
      <main id="content" dangerouslySetInnerHTML={{ __html: content }} />
      <footer class="soft">A sample shop to rehearse with: nothing here can really be bought.</footer>
    </body>
  </html>
)

/** A whole HTML document around content that was rendered before. */
export function renderDocument(title: string, content: string): string {
  return `<!doctype html>\n${renderToString(<Frame title={title} content={content} />)}`
}
