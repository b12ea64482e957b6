import { createServer } from 'node:net'

/**
 * A server that costs next to nothing: it counts the ends of request heads and writes as many fixed answers. GETs only.
 * Its port goes to the parent; it ends with it.
 */
const BODIES: Readonly<Record<string, string>> = {
  '/start': '{"hello":"shopper"}',
  '/list': JSON.stringify({
    products: Array.from({ length: 20 }, (_, id) => ({ id, name: `product ${id}` })),
  }),
}
const COOKIE = 'set-cookie: session=0123456789abcdef; Path=/; HttpOnly\r\n'

const answer = (body: string, more = '') =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${more}content-length: ${Buffer.byteLength(body)}\r\nconnection: keep-alive\r\nkeep-alive: timeout=60\r\n\r\n${body}`,
  )
const PLAIN = answer('{"hello":"shopper"}')
const START = answer(BODIES['/start']!, COOKIE)
const LIST = answer(BODIES['/list']!)

const server = createServer((socket) => {
  let rest = ''
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    let text = rest + bytes.toString('latin1')
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      socket.write(text.startsWith('GET /list') ? LIST : text.startsWith('GET /start') ? START : PLAIN)
      text = text.slice(end + 4)
    }
    rest = text
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port })
})
process.on('disconnect', () => process.exit(0))
