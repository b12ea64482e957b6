import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connectionWords } from '../core/connection-words.ts'
import { HarnessError } from '../core/errors.ts'
import { DEFAULT_HTTP } from '../core/plan.ts'
import { CookieJar } from './open-loop/cookie-jar.ts'
import { redirected } from './open-loop/redirect.ts'
import type { TargetGuard } from './target-guard.ts'

/** What one page of a site answers to a single visitor. */
type Look = {
  readonly status: number
  readonly location: string | null
  readonly setCookies: readonly string[]
  /** A waiting room's: who is let through later is answered. */
  readonly isQueue: boolean
}

export type Looking = {
  /** Of the site: "http://localhost:3000". */
  readonly origin: string
  /** With their query strings, in the order in which a visitor asks for them. */
  readonly paths: readonly string[]
  readonly guard: TargetGuard
  /** How long one page may take, ms. */
  readonly withinMs: number
  readonly signal: AbortSignal
}

/**
 * Asks for each page once, as one visitor with one set of cookies would, and follows redirects within the site. Rejects
 * with every page that is no page without any load: what is wrong from the first request, no surge has broken.
 */
export async function lookAtPages(looking: Looking): Promise<void> {
  const jar = new CookieJar()
  const problems: Problem[] = []
  for (const path of looking.paths) {
    const problem = await lookAtPage(looking, path, jar)
    if (problem) problems.push(problem)
  }
  if (looking.signal.aborted)
    throw new HarnessError({ code: 'interrupted', message: 'interrupted while the target was looked at' })
  const [first] = problems
  if (!first) return
  throw new HarnessError({
    code: problems.some(({ isTheirs }) => isTheirs) ? 'environment' : 'usage',
    message: [...new Set(problems.map(({ says }) => says))].join('\n'),
    where: `--get, at ${looking.origin}`,
    hint: [...new Set(problems.map(({ mend }) => mend))].join(' '),
  })
}

type Problem = {
  readonly says: string
  readonly mend: string
  /** The site fails, whatever was asked. */
  readonly isTheirs: boolean
}

async function lookAtPage(looking: Looking, path: string, jar: CookieJar): Promise<Problem | null> {
  const { origin } = looking
  let at = path
  for (let followed = 0; followed <= DEFAULT_HTTP.redirects; followed++) {
    let look: Look
    try {
      look = await ask(looking, at, jar)
    } catch (cause) {
      return {
        says: `${path} is not answered without any load: ${connectionWords(cause)}`,
        mend: 'Start the site, or mend --target or --get.',
        isTheirs: true,
      }
    }
    jar.takeAll(look.setCookies)
    if (look.isQueue) return null
    const { status, location } = look
    const request = { method: 'GET' as const, path: at, headers: [], body: null }
    const next = redirected(request, { page: { status, text: '', json: null }, location }, origin)
    if (next) at = next.path
    else return problemOf(path, look, origin + at)
  }
  return {
    says: `${path} is redirected in a circle without any load`,
    mend: 'Mend --get: a visitor without a login, say, never gets there.',
    isTheirs: false,
  }
}

function problemOf(path: string, { status, location }: Look, from: string): Problem | null {
  if (status >= 200 && status < 300) return null
  const away = location !== null && status < 400 && URL.canParse(location, from)
  if (away) {
    const { origin, hostname } = new URL(location, from)
    return {
      says: `${path} is a redirect to ${origin}, where nobody is sent`,
      mend: `Name that host: --target ${origin}, and --i-own-this-target ${hostname} if it is yours.`,
      isTheirs: false,
    }
  }
  return {
    says: `${path} answers ${status} without any load`,
    mend:
      status >= 500
        ? 'Mend the site, or --get.'
        : 'Mend --get: name pages that anybody may see. Who logs in first needs a scenario of your own.',
    isTheirs: status >= 500,
  }
}

/** By node:http, as the surge does: `fetch` refuses ports that some browsers do. */
function ask({ origin, guard, withinMs, signal }: Looking, path: string, jar: CookieJar): Promise<Look> {
  return new Promise((resolve, reject) => {
    const url = new URL(origin)
    const refusal = guard.refusal(url.hostname)
    if (refusal) return reject(refusal)
    const late = AbortSignal.timeout(withinMs)
    const fail = (error: Error) =>
      reject(late.aborted ? new Error(`nothing came within ${withinMs / 1000} s`) : error)
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
      url,
      {
        path,
        lookup: guard.lookup,
        signal: AbortSignal.any([signal, late]),
        agent: false,
        headers: jar.isEmpty ? {} : { cookie: jar.header() },
      },
      (answer: IncomingMessage) => {
        answer.on('error', fail)
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            location: answer.headers.location ?? null,
            setCookies: answer.headers['set-cookie'] ?? [],
            isQueue: answer.headers['x-waiting-room'] !== undefined,
          }),
        )
        answer.resume()
      },
    )
    request.on('error', fail)
    request.end()
  })
}
