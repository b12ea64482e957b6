import { renderToString } from 'preact-render-to-string'
import { formatCount } from '../domain/count.ts'
import { STYLE } from './style.ts'

type Wait = {
  readonly position: number
  readonly lookAgainSec: number
  /** A path; '' for the same page. */
  readonly lookAt: '' | '/'
}

/** No link and no form: whatever the shopper clicked would only lead here again. */
const WaitingRoom = ({ position, refresh }: { readonly position: string; readonly refresh: string }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="refresh" content={refresh} />
      <title>{`Number ${position} in line · Doorbuster sample shop`}</title>
      <style dangerouslySetInnerHTML={{ __html: STYLE }} />
    </head>
    <body>
      <main id="content">
        <h1>You are number {position} in line</h1>
        <p>Many people want in right now. Everyone comes in in the order they came.</p>
        <p class="soft">This page looks again by itself. Please keep it open: your place is kept.</p>
      </main>
    </body>
  </html>
)

const POSITION = '{position}'
const REFRESH = '{refresh}'
const template = `<!doctype html>\n${renderToString(<WaitingRoom position={POSITION} refresh={REFRESH} />)}`

/** The page of the waiting room. Rendered once: of all pages it must be the cheapest. */
export function renderWaitingRoom({ position, lookAgainSec, lookAt }: Wait): string {
  const refresh = lookAt === '' ? String(lookAgainSec) : `${lookAgainSec}; url=${lookAt}`
  return template.replaceAll(POSITION, formatCount(position)).replaceAll(REFRESH, refresh)
}
