import { describe, expect, it } from 'vitest'
import { CookieJar } from './cookie-jar.ts'

const NOW_MS = Date.parse('2026-11-27T00:00:00Z')

function jarOf(...lines: string[]): CookieJar {
  const jar = new CookieJar()
  for (const line of lines) jar.take(line, NOW_MS)
  return jar
}

describe('CookieJar', () => {
  it('keeps names and values, the latest of each', () => {
    expect(jarOf('a=1; Path=/; HttpOnly', 'b=x=y', 'a=2').header()).toBe('a=2; b=x=y')
    expect(jarOf().isEmpty).toBe(true)
    expect(jarOf('a=1').isEmpty).toBe(false)
  })

  it.each(['a=; Max-Age=0', 'a=gone; max-age=-1; Path=/', 'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])(
    'deletes a cookie that has expired: %s',
    (line) => {
      expect(jarOf('a=1', 'b=2', line).header()).toBe('b=2')
    },
  )

  it.each([
    'a=2; Expires=Sat, 27 Nov 2027 00:00:00 GMT',
    'a=2; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    'a=2; Expires=nonsense',
  ])('keeps one that has not: %s', (line) => {
    expect(jarOf(line).header()).toBe('a=2')
  })

  it('ignores lines without a name', () => {
    expect(jarOf('', '=x', 'novalue').isEmpty).toBe(true)
  })
})
