import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { expect, it } from 'vitest'
import type { AttachSpec } from '../../core/attached.ts'
import { lookAtDatabase, lookAtTarget } from './look.ts'
import { runCommand } from './run-command.ts'
import { NOTHING_NAMED } from './testing/nothing-named.ts'

const signal = new AbortController().signal

const specOf = (postgres: NonNullable<AttachSpec['postgres']>): AttachSpec => ({ ...NOTHING_NAMED, postgres })

it('asks on ports that browsers refuse, and says in words why nobody answers', async () => {
  // 6000 is X11's: fetch calls it a "bad port" and asks nobody.
  await expect(lookAtTarget('http://127.0.0.1:6000', signal)).rejects.toMatchObject({
    code: 'environment',
    message: 'the target does not answer: nobody listens there (connection refused)',
  })
})

it('tells that a site speaks no TLS, not what OpenSSL calls it', async () => {
  const plain = createTcpServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const { port } = plain.address() as AddressInfo
  await expect(lookAtTarget(`https://127.0.0.1:${port}`, signal)).rejects.toMatchObject({
    message: expect.stringContaining('http:// instead of https://'),
  })
  plain.close()
})

it('blames no pooler for a database that is not there', async () => {
  const postgres = { name: 'SHOP', url: 'postgres://me:geheim@127.0.0.1:1/shop' }
  await expect(lookAtDatabase(postgres, specOf(postgres))).rejects.toMatchObject({
    message: expect.stringContaining('nobody listens there'),
    hint: expect.stringMatching(/^Mend host and port in SHOP/),
  })
})

it('names the program that a lever lacks', async () => {
  expect(await runCommand(['/no/such', 'argument'], 1000)).toMatchObject({
    ok: false,
    why: 'cannot start: there is no program /no/such',
  })
})
