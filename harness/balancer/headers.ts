/**
 * Headers that speak of one connection, not of the message (RFC 9110 §7.6.1), so a proxy must not pass them on.
 * `expect` is answered by this balancer itself: by the time a body is read, 100-continue has been sent.
 */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

/** Request headers for the server (name, value, name, value …), with the client's address in X-Forwarded-For. */
export function requestHeaders(raw: readonly string[], clientAddress: string, hasBody: boolean): string[] {
  const named = namedByConnection(raw)
  const kept: string[] = []
  let forwardedFor = clientAddress
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const value = raw[i + 1]!
    if (name === 'x-forwarded-for') forwardedFor = `${value}, ${forwardedFor}`
    else if (name === 'content-length' && !hasBody) continue
    else if (!HOP_BY_HOP.has(name) && !named?.has(name)) kept.push(raw[i]!, value)
  }
  kept.push('x-forwarded-for', forwardedFor)
  return kept
}

/** Response headers for the client, in the order the server sent them. */
export function responseHeaders(raw: readonly string[]): string[] {
  const named = namedByConnection(raw)
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    if (!HOP_BY_HOP.has(name) && !named?.has(name)) kept.push(raw[i]!, raw[i + 1]!)
  }
  return kept
}

/** Names that `Connection` adds to the hop-by-hop headers; `null` when it names none (nearly always). */
function namedByConnection(raw: readonly string[]): Set<string> | null {
  let names: Set<string> | null = null
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]!.toLowerCase() !== 'connection') continue
    for (const part of raw[i + 1]!.split(',')) {
      const name = part.trim().toLowerCase()
      if (name === 'keep-alive' || name === 'close' || name === '') continue
      names ??= new Set()
      names.add(name)
    }
  }
  return names
}
