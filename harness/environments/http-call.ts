import { request } from 'node:http'

export type HttpAnswer = { readonly status: number; readonly body: string }

/** One HTTP request on a connection of its own; rejects when there is no answer within `withinMs`. */
export function httpCall(method: string, url: string, withinMs: number, json?: unknown): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const body = json === undefined ? undefined : JSON.stringify(json)
    const headers =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const call = request(
      url,
      { method, headers, agent: false, signal: AbortSignal.timeout(withinMs) },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          text += chunk
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
        answer.on('error', reject)
      },
    )
    call.on('error', reject)
    call.end(body)
  })
}

/** Whether a GET of this URL is answered with 200 soon. */
export function answersOk(url: string): Promise<boolean> {
  return httpCall('GET', url, 2000).then(
    ({ status }) => status === 200,
    () => false,
  )
}
