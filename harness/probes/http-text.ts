import { Agent, request } from 'undici'

/** Fetches small texts over kept connections, at most one to each origin. */
export type TextSource = {
  /** The body of a 200 answer, or `null`: too slow, gone, or another status. Never rejects. */
  get(url: string): Promise<string | null>
  close(): Promise<void>
}

/** A source that waits `timeoutMs` for a whole answer. */
export function openTextSource(timeoutMs: number): TextSource {
  const agent = new Agent({ connections: 1, pipelining: 1 })
  return {
    async get(url) {
      try {
        const answer = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(timeoutMs) })
        if (answer.statusCode === 200) return await answer.body.text()
        await answer.body.dump()
        return null
      } catch {
        return null
      }
    },
    close: () => agent.destroy(),
  }
}
