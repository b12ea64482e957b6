/** The cookies of one shopper: names and values for one site. Path and domain are ignored: a journey visits one shop. */
export class CookieJar {
  /** Made with the first cookie: most shoppers of most shops only look. */
  #cookies: Map<string, string> | null = null

  get isEmpty(): boolean {
    return this.#cookies === null || this.#cookies.size === 0
  }

  /** Takes all Set-Cookie lines of an answer that came now. */
  takeAll(setCookies: readonly string[]): void {
    const nowMs = Date.now()
    for (const line of setCookies) this.take(line, nowMs)
  }

  /** Takes a Set-Cookie line; one that has expired (`Max-Age` ≤ 0, or `Expires` before `nowMs`) deletes the cookie. */
  take(setCookie: string, nowMs: number): void {
    const [pair = '', ...attributes] = setCookie.split(';')
    const equals = pair.indexOf('=')
    if (equals < 1) return
    const name = pair.slice(0, equals).trim()
    this.#cookies ??= new Map()
    if (hasExpired(attributes, nowMs)) this.#cookies.delete(name)
    else this.#cookies.set(name, pair.slice(equals + 1).trim())
  }

  /** The Cookie header's value; empty when there is none. */
  header(): string {
    let text = ''
    for (const [name, value] of this.#cookies ?? []) text += `${text && '; '}${name}=${value}`
    return text
  }
}

/** Max-Age goes before Expires (RFC 6265 §5.3). */
function hasExpired(attributes: readonly string[], nowMs: number): boolean {
  let expiresMs = Number.POSITIVE_INFINITY
  for (const attribute of attributes) {
    const [name = '', value = ''] = attribute.split('=', 2)
    const key = name.trim().toLowerCase()
    if (key === 'max-age' && /^-?\d+$/.test(value.trim())) return Number(value) <= 0
    const parsedMs = key === 'expires' ? Date.parse(value) : Number.NaN
    if (!Number.isNaN(parsedMs)) expiresMs = parsedMs
  }
  return expiresMs <= nowMs
}
