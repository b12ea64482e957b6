import { describe, expect, it } from 'vitest'
import { checkTarget, targetGuard } from './target-guard.ts'

const guard = targetGuard([])

describe('the target guard', () => {
  it.each([
    'http://127.0.0.1:80/',
    'http://127.8.9.10/',
    'http://[::1]:3000/',
    'http://[::ffff:127.0.0.1]/',
    'http://0x7f.1/',
    'http://localhost:3000/',
  ])('lets %s pass', async (url) => {
    await expect(checkTarget(guard, url)).resolves.toBeUndefined()
  })

  it.each([
    'http://192.0.2.1/',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://[2001:db8::1]/',
    'http://[::ffff:192.0.2.1]/',
    'http://[fe80::1]/',
    'http://3221225985/',
  ])('refuses %s', async (url) => {
    await expect(checkTarget(guard, url)).rejects.toMatchObject({
      code: 'refused-target',
      exitCode: 2,
      hint: expect.stringContaining('--i-own-this-target '),
    })
  })

  it('prints the exact flag, and obeys it', async () => {
    const { hostname } = new URL('http://[::ffff:192.0.2.1]/')
    const refusal = guard.refusal(hostname)
    expect(refusal!.hint).toContain('--i-own-this-target ::ffff:c000:201')
    await expect(
      checkTarget(targetGuard(['::ffff:c000:201']), 'http://[::ffff:192.0.2.1]/'),
    ).resolves.toBeUndefined()
    await expect(checkTarget(targetGuard(['192.0.2.1']), 'http://192.0.2.1/')).resolves.toBeUndefined()
    await expect(checkTarget(targetGuard(['192.0.2.1']), 'http://192.0.2.2/')).rejects.toMatchObject({
      code: 'refused-target',
    })
  })

  it('checks names by the address they resolve to', async () => {
    const resolve = (owned: readonly string[], host: string) =>
      new Promise((settled) => {
        targetGuard(owned).lookup(host, { all: true }, (error, addresses) => settled(error ?? addresses))
      })
    // Address literals resolve to themselves: a name that points elsewhere takes the same way.
    expect(await resolve([], '192.0.2.1')).toMatchObject({ code: 'refused-target' })
    expect(await resolve(['192.0.2.1'], '192.0.2.1')).toEqual([{ address: '192.0.2.1', family: 4 }])
    expect(await resolve([], 'localhost')).not.toBeInstanceOf(Error)
  })
})
