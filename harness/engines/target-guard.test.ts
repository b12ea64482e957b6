import { describe, expect, it } from 'vitest'
import { checkTarget, targetGuard } from './target-guard.ts'

const guard = targetGuard([])

describe('the target guard', () => {
  it.each([
    'http://127.0.0.1:80/',
    'http://127.8.9.10/',
    'http://127.0.0.1./',
    'http://[::1]:3000/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[0:0:0:0:0:ffff:127.0.0.1]/',
    'http://0x7f.1/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://2130706433/',
    'http://127.1/',
    'http://①②⑦.0.0.1/',
    'http://192.0.2.1@127.0.0.1/',
    'http://localhost:3000/',
    'http://LocalHost.:3000/',
  ])('lets %s pass', async (url) => {
    await expect(checkTarget(guard, url)).resolves.toBeUndefined()
  })

  it.each([
    'http://192.0.2.1/',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://0/',
    'http://169.254.169.254/latest/meta-data',
    'http://[2001:db8::1]/',
    'http://[fe80::1]/',
    // Another machine written as IPv6: mapped, compatible, translated, and with the loopback address inside.
    'http://[::ffff:192.0.2.1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[::ffff:a00:1]/',
    'http://[0:0:0:0:0:ffff:a00:1]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b::c000:201]/',
    'http://[2002:7f00:1::]/',
    // Another machine in other spellings.
    'http://3221225985/',
    'http://0xc0.0.2.1/',
    'http://0300.0.2.1/',
    'http://192.0.2.1./',
    'http://192.0.513/',
    // What stands before an @ is no host, and a backslash ends one.
    'http://127.0.0.1@192.0.2.1/',
    'http://127.0.0.1:80@192.0.2.1/',
    'http://localhost%2f@192.0.2.1/',
    'http://192.0.2.1\\@127.0.0.1/',
    'http://192.0.2.1#@127.0.0.1/',
    'http://192.0.2.1?@127.0.0.1/',
  ])('refuses %s', async (url) => {
    await expect(checkTarget(guard, url)).rejects.toMatchObject({
      code: 'refused-target',
      exitCode: 2,
      hint: expect.stringContaining('--i-own-this-target '),
    })
  })

  it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', '127.0.0.1:80', 'http://[::1%25lo]/', 'http://[', ''])(
    'says of %j that it is no site',
    async (url) => {
      await expect(checkTarget(guard, url)).rejects.toMatchObject({ code: 'usage' })
    },
  )

  it.each([
    ['127.0.0.1', null],
    ['::ffff:7f00:1', null],
    ['[::1]', null],
    ['fe80::1%eth0', 'refused-target'],
    ['::ffff:10.0.0.1%eth0', 'refused-target'],
    ['64:ff9b::7f00:1', 'refused-target'],
    ['::', 'refused-target'],
  ])('judges the literal %s before anything is opened', (host, code) => {
    expect(guard.refusal(host)?.code ?? null).toBe(code)
  })

  it.each<[address: string, passes: boolean]>([
    ['127.0.0.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:10.0.0.1', false],
    ['10.0.0.1', false],
    ['::', false],
    ['0.0.0.0', false],
    ['64:ff9b::7f00:1', false],
    ['fe80::1%eth0', false],
  ])('lets a name that resolves to %s through: %s', async (address, passes) => {
    const names = targetGuard([], (_, __, found) =>
      found(null, [{ address, family: address.includes(':') ? 6 : 4 }]),
    )
    const answer = await new Promise((settled) => {
      names.lookup('shop.example', { all: true }, (error) => settled(error))
    })
    if (passes) expect(answer).toBeNull()
    else expect(answer).toMatchObject({ code: 'refused-target' })
  })

  it.each([
    ['127.0.0.1', [], true],
    ['[::1]', [], true],
    ['localhost', [], true],
    // A name that nobody owns only ever gets through to a loopback address; an owned one may lead anywhere.
    ['shop.example', [], true],
    ['shop.example', ['shop.example'], false],
    ['192.0.2.1', ['192.0.2.1'], false],
    ['127.0.0.1', ['127.0.0.1'], true],
  ])('takes %s (owned: %j) for this machine: %s', (host, owned, isOurs) => {
    expect(targetGuard(owned).isThisMachine(host)).toBe(isOurs)
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
