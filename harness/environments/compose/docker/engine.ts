import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { HarnessError } from '../../../core/errors.ts'

const ANSWER_WITHIN_MS = 15_000

/** What the engine said no to: its HTTP status and its own words. */
export class EngineRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'EngineRefusal'
    this.status = status
  }
}

/** A Docker engine of this machine, by the HTTP API at its socket (Docker Engine API, 1.41 or newer). */
export class DockerEngine {
  readonly socketPath: string

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  /** One request and its JSON answer. Rejects with an EngineRefusal (4xx, 5xx) or the error of the socket. */
  async ask<Answer = unknown>(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = await this.text(method, path, body)
    return (text === '' ? null : JSON.parse(text)) as Answer
  }

  /** As `ask`, with the answer as it comes. */
  async text(method: string, path: string, body?: unknown): Promise<string> {
    const answer = await this.#call(method, path, body, AbortSignal.timeout(ANSWER_WITHIN_MS))
    const parts: Buffer[] = []
    for await (const part of answer) parts.push(part as Buffer)
    const bytes = Buffer.concat(parts)
    const status = answer.statusCode ?? 0
    if (status >= 400) throw new EngineRefusal(status, messageOf(bytes.toString('utf8')))
    return bytes.toString('utf8')
  }

  /** Follows an answer that has no end; resolves when it ended, however that came about. */
  async follow(path: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#call('GET', path, undefined, signal)
      answer.setEncoding('utf8')
      let rest = ''
      for await (const part of answer) {
        const lines = (rest + String(part)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line.trim() !== '') onLine(line)
      }
    } catch {
      // The engine went away, or nobody wants to know any more.
    }
  }

  #call(method: string, path: string, body: unknown, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = body === undefined ? undefined : JSON.stringify(body)
      const headers =
        sent === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }
      const call: ClientRequest = request(
        { socketPath: this.socketPath, method, path, headers: { host: 'docker', ...headers }, signal },
        resolve,
      )
      call.on('error', reject)
      call.end(sent)
    })
  }
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { readonly message?: string }).message ?? body
  } catch {
    return body
  }
}

/** Rejects with what is wrong with an engine that does not answer. */
export async function checkEngine(engine: DockerEngine): Promise<void> {
  try {
    await engine.text('GET', '/_ping')
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES'
    throw new HarnessError({
      code: 'environment',
      message: denied
        ? 'this user may not speak to Docker'
        : `Docker does not answer: ${(cause as Error).message}`,
      where: engine.socketPath,
      hint: denied
        ? 'add the user to the group "docker" and sign in again, or use a rootless engine; --env embedded needs no Docker'
        : 'start Docker, or let DOCKER_HOST=unix://… name its socket; --env embedded needs no Docker',
      cause,
    })
  }
}
