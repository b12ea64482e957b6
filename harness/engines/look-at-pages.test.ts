import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { lookAtPages } from './look-at-pages.ts'
import { targetGuard } from './target-guard.ts'

let site: Server | null = null
afterEach(() => {
  site?.closeAllConnections()
  site?.close()
})

/** Looks at these pages of a site that answers so. */
async function look(paths: readonly string[], answers: RequestListener, withinMs = 5000): Promise<void> {
  site = createServer(answers).listen(0, '127.0.0.1')
  await new Promise((resolve) => site?.once('listening', resolve))
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const signal = new AbortController().signal
  await lookAtPages({ origin, paths, guard: targetGuard([]), withinMs, signal })
}

const redirect =
  (location: string): RequestListener =>
  (_, answer) =>
    answer.writeHead(302, { location }).end()

describe('a first look at each page', () => {
  it('passes pages, and those that a redirect within the site leads to', async () => {
    await look(['/', '/old'], ({ url }, answer) => {
      if (url === '/old') answer.writeHead(301, { location: '/new' }).end()
      else answer.end('page')
    })
  })

  it('carries cookies from page to page, as a visitor does', async () => {
    await look(['/login', '/account'], ({ url, headers }, answer) => {
      if (url === '/login') answer.writeHead(200, { 'set-cookie': 'session=7' }).end()
      else answer.writeHead(headers.cookie === 'session=7' ? 200 : 401).end()
    })
  })

  it('names every page that is refused', async () => {
    const answers: RequestListener = ({ url }, answer) => {
      answer.writeHead(url === '/' ? 401 : 404).end()
    }
    await expect(look(['/', '/x'], answers)).rejects.toMatchObject({
      code: 'usage',
      message: '/ answers 401 without any load\n/x answers 404 without any load',
      hint: expect.stringContaining('Mend --get'),
    })
  })

  it('follows nobody to another host, and says which to name', async () => {
    await expect(look(['/'], redirect('http://example.com/evil'))).rejects.toMatchObject({
      code: 'usage',
      message: '/ is a redirect to http://example.com, where nobody is sent',
      hint: expect.stringContaining('--target http://example.com, and --i-own-this-target example.com'),
    })
  })

  it('does not go round in circles', async () => {
    await expect(look(['/'], redirect('/'))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('in a circle'),
    })
  })

  it('calls a site that fails, or says nothing, a matter of the site', async () => {
    await expect(look(['/'], (_, answer) => void answer.writeHead(500).end())).rejects.toMatchObject({
      code: 'environment',
      message: '/ answers 500 without any load',
    })
    await expect(look(['/'], () => {}, 200)).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringContaining('nothing came within 0.2 s'),
    })
  })

  it('lets a waiting room pass', async () => {
    await look(['/'], (_, answer) => void answer.writeHead(503, { 'x-waiting-room': '1' }).end())
  })
})
