const WITHIN_MS = 3000
/** What is asked for every second has to answer in less. */
const EACH_WITHIN_MS = 900
const MOST_BYTES = 16 * 2 ** 20

/** The text behind an address, as a probe would get it each second. Rejects with the reason why it would not. */
export async function fetchText(address: string): Promise<string> {
  const startMs = performance.now()
  const text = await once(address, WITHIN_MS)
  // The first time a connection is made, which is kept.
  return performance.now() - startMs > EACH_WITHIN_MS ? once(address, EACH_WITHIN_MS) : text
}

async function once(address: string, withinMs: number): Promise<string> {
  const url = new URL(address)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  try {
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(withinMs),
      headers: pair === ':' ? {} : { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
    })
    if (answer.status !== 200) {
      await answer.body?.cancel()
      const redirected = answer.status >= 300 && answer.status < 400
      throw new Error(redirected ? `answers ${answer.status}, a redirect` : `answers ${answer.status}`)
    }
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of answer.body ?? []) {
      chunks.push(chunk as Uint8Array)
      bytes += (chunk as Uint8Array).length
      if (bytes > MOST_BYTES) throw new Error(`answers more than ${MOST_BYTES / 2 ** 20} MiB`)
    }
    return Buffer.concat(chunks).toString('utf8')
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') throw new Error(`no answer within ${withinMs / 1000} s`)
    const { cause } = error as { readonly cause?: NodeJS.ErrnoException }
    throw cause ? new Error(cause.message || cause.code) : error
  }
}
