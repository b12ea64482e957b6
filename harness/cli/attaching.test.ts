import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { command } from './testing/command.ts'

const reports = mkdtempSync(join(tmpdir(), 'doorbuster-attaching-'))
afterAll(() => rmSync(reports, { recursive: true, force: true }))

const TARGET = ['--target', 'http://localhost:3000']

describe('a site of one’s own', () => {
  it.each([
    [
      "the sample shop's journeys",
      ['rehearse', ...TARGET],
      'rehearse --target http://localhost:3000 --get / --get /products/42 --normal 5/s --postgres env:DATABASE_URL',
    ],
    [
      'a connection string on the command line',
      ['run', ...TARGET, '--get', '/', '--normal', '5/s', '--postgres', 'postgres://me:geheim@db/shop'],
      '--postgres env:DATABASE_URL',
    ],
    ['pages without a rate', ['run', ...TARGET, '--get', '/'], '--normal 5/s'],
    ['pages of no site', ['run', '--get', '/', '--normal', '5/s'], '--target http://localhost:3000'],
    [
      'an address that is not this machine',
      ['run', '--target', 'http://192.0.2.1', '--get', '/', '--normal', '5/s'],
      '--i-own-this-target 192.0.2.1',
    ],
    ['nothing to watch', ['watch', '--', 'true'], 'watch --postgres env:DATABASE_URL -- k6 run peak.js'],
  ])('%s: refused, with what would work', async (_, args, works) => {
    const { code, stdout, stderr } = await command(args, { reports }).ended
    expect(code).toBe(2)
    expect(stderr).toContain(works)
    expect(`${stdout}${stderr}`).not.toContain('geheim')
    expect(readdirSync(reports)).toEqual([])
  })

  it('is looked at before any load: a page that is none, and one that leaves the site', async () => {
    let asked = 0
    const site = createServer(({ url }, answer) => {
      asked++
      if (url === '/out') answer.writeHead(302, { location: 'http://elsewhere.test/' }).end()
      else answer.writeHead(401).end()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => site.once('listening', resolve))
    const target = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    const args = ['run', '--target', target, '--get', '/', '--get', '/out', '--normal', '5/s']
    const { code, stderr } = await command(args, { reports }).ended
    site.close()
    expect(code).toBe(2)
    expect(stderr).toContain('/ answers 401 without any load')
    expect(stderr).toContain('/out is a redirect to http://elsewhere.test')
    expect(asked).toBe(2)
    expect(readdirSync(reports)).toEqual([])
  })
})
