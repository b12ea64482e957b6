import { Agent, request } from 'undici'

/** Fetches small texts over kept connections, at most one to each origin. */
export type TextSource = {
  /** The body of a 200 answer, or `null`: too slow, too long (16 MiB), gone, or another status. Never rejects. */
  get(url: string): Promise<string | null>
  close(): Promise<void>
}

/** A source that waits `timeoutMs` for a whole answer. */
export function openTextSource(timeoutMs: number): TextSource {
  const agent = new Agent({ connections: 1, pipelining: 1 })
  return {
    async get(url) {
      try {
        const { href, headers } = withoutUser(url)
        const answer = await request(href, {
          dispatcher: agent,
          headers,
          signal: AbortSignal.timeout(timeoutMs),
        })
        if (answer.statusCode === 200) return await bounded(answer.body)
        await answer.body.dump()
        return null
      } catch {
        return null
      }
    },
    close: () => agent.destroy(),
  }
}

const MOST_BYTES = 16 * 2 ** 20

async function bounded(body: AsyncIterable<Buffer>): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    // Leaving the loop ends the answer.
    if (bytes > MOST_BYTES) return null
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A user and password in the address are sent as they are meant: in a header. */
function withoutUser(address: string): { readonly href: string; readonly headers: Record<string, string> } {
  const url = new URL(address)
  const { username, password } = url
  if (username === '' && password === '') return { href: address, headers: {} }
  url.username = ''
  url.password = ''
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { href: url.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}
