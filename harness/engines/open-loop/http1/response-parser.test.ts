import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ProtocolError, type ResponseHead, ResponseParser } from './response-parser.ts'

type Heard = {
  heads: ResponseHead[]
  body: string
  ends: boolean[]
  broken: string[]
}

/** Parses bytes cut at these places, one answer after the other on the same connection. */
function hear(text: string, cuts: readonly number[] = [], { closed = false } = {}): Heard {
  const heard: Heard = { heads: [], body: '', ends: [], broken: [] }
  const parser = new ResponseParser({
    head: (head) => heard.heads.push(head),
    body: (bytes, from, to) => {
      heard.body += bytes.toString('latin1', from, to)
    },
    end: (reusable) => heard.ends.push(reusable),
    broken: (error: ProtocolError) => heard.broken.push(error.message),
  })
  const bytes = Buffer.from(text, 'latin1')
  const edges = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let i = 0; i + 1 < edges.length; i++) {
    // As from a socket: a piece of a larger buffer that holds other bytes before and after.
    const piece = bytes.subarray(edges[i], edges[i + 1])
    const shared = Buffer.concat([
      Buffer.from('\r\n\r\n'),
      piece,
      Buffer.from('\r\n\r\nHTTP/1.1 500 no\r\n\r\n'),
    ])
    parser.read(shared, 4, 4 + piece.length)
  }
  if (closed && !parser.closed()) heard.broken.push('closed in the middle')
  return heard
}

const cuts = fc.array(fc.nat(2000), { maxLength: 12 })
const text = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 300,
})

/** An answer as some server might write it, with what should be read from it. */
const answers = fc
  .record({
    status: fc.constantFrom(200, 201, 301, 404, 500, 503),
    framing: fc.constantFrom('length', 'chunked', 'close'),
    body: text,
    sizes: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }),
    extension: fc.constantFrom('', ';a=b', ' ; name="x"'),
    trailers: fc.constantFrom('', 'x-check: 1\r\n', 'a: b\r\nc: d\r\n'),
    early: fc.constantFrom(
      '',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n',
    ),
    upper: fc.boolean(),
    extra: fc.array(fc.constantFrom('x-a: 1', 'server: it:self', 'Vary:', 'x-empty:  '), { maxLength: 4 }),
  })
  .map(({ status, framing, body, sizes, extension, trailers, early, upper, extra }) => {
    const cased = (name: string) => (upper ? name.toUpperCase() : name)
    const lines = [
      ...extra,
      `${cased('content-type')}: application/json; charset=utf-8`,
      'set-cookie: a=1',
      'Set-Cookie: b=2',
    ]
    let sent = body
    if (framing === 'length') lines.push(`${cased('content-length')}: ${body.length}`)
    if (framing === 'chunked') {
      lines.push(`${cased('transfer-encoding')}: chunked`)
      sent = ''
      for (let at = 0, i = 0; at < body.length; i++) {
        const piece = body.slice(at, at + sizes[i % sizes.length]!)
        sent += `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`
        at += piece.length
      }
      sent += `0\r\n${trailers}\r\n`
    }
    const wire = `${early}HTTP/1.1 ${status} Some Words\r\n${lines.join('\r\n')}\r\n\r\n${sent}`
    return { wire, status, body, framing }
  })

describe('ResponseParser', () => {
  it('reads any answer, however it is cut up', () => {
    fc.assert(
      fc.property(answers, cuts, ({ wire, status, body, framing }, where) => {
        const heard = hear(wire, where, { closed: framing === 'close' })
        expect(heard).toMatchObject({ body, broken: [], ends: [framing !== 'close'] })
        expect(heard.heads).toHaveLength(1)
        expect(heard.heads[0]).toMatchObject({
          status,
          contentType: 'application/json; charset=utf-8',
          setCookies: ['a=1', 'b=2'],
        })
      }),
      { numRuns: 500 },
    )
  })

  it('gives one end to any bytes: an answer, or a break, and never throws', () => {
    fc.assert(
      fc.property(answers, cuts, fc.nat(400), fc.nat(255), ({ wire }, where, at, code) => {
        const place = at % wire.length
        const heard = hear(wire.slice(0, place) + String.fromCharCode(code) + wire.slice(place + 1), where, {
          closed: true,
        })
        expect(heard.ends.length + heard.broken.length).toBeGreaterThanOrEqual(1)
        expect(heard.ends.length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 500 },
    )
  })

  it('says that an answer cut short was cut short', () => {
    fc.assert(
      fc.property(answers, cuts, fc.nat(2000), ({ wire, framing }, where, at) => {
        fc.pre(framing !== 'close')
        const heard = hear(wire.slice(0, at % wire.length), where, { closed: true })
        // Nothing at all is no answer cut short; a whole informational one is still waiting for the real one.
        if (heard.broken.length === 0) expect(heard.body).toBe('')
        expect(heard.ends).toEqual([])
      }),
    )
  })

  it.each([
    ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok', false],
    ['HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\ncontent-length: 2\r\n\r\nok', false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok', false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: Keep-Alive\r\n\r\nok', true],
    ['HTTP/1.1 204 No Content\r\n\r\n', true],
    ['HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n', true],
    ['HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', true],
    ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok', true],
  ])('knows whether the connection may be used again: %j', (wire, reusable) => {
    expect(hear(wire)).toMatchObject({ ends: [reusable], broken: [] })
  })

  it.each([
    ['not HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a line end of LF alone', 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n'],
    ['a NUL', 'HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n'],
    ['a line without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok'],
    ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
    ['a chunk without size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n'],
    ['a chunk of negative size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n'],
    [
      'a chunk longer than it says',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n',
    ],
    ['a chunk that ends in LF', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n'],
    ['more than the answer', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'x-padding: 0123456789\r\n'.repeat(4000)}`],
    ['an endless size line', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'x'.repeat(9000)}`],
    [
      'endless trailers',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${'x: 0123456789\r\n'.repeat(4000)}`,
    ],
    ['endless informational answers', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(40)],
  ])('breaks on %s', (_, wire) => {
    for (const where of [[], [1], [wire.length - 1], Array.from({ length: 50 }, (_, i) => i * 7)]) {
      const heard = hear(wire, where)
      expect(heard.broken).toHaveLength(1)
    }
  })

  it('reads answer after answer on one connection', () => {
    const heads: number[] = []
    const ends: boolean[] = []
    const parser = new ResponseParser({
      head: ({ status }) => heads.push(status),
      body: () => {},
      end: (reusable) => ends.push(reusable),
      broken: (error) => expect.fail(error.message),
    })
    for (const status of [200, 404, 201]) {
      parser.next()
      parser.read(
        Buffer.from(`HTTP/1.1 ${status} x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`),
      )
      expect(parser.isIdle).toBe(true)
    }
    expect([heads, ends]).toEqual([
      [200, 404, 201],
      [true, true, true],
    ])
  })

  it('reads how long a server keeps idle connections', () => {
    const heard = hear('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=72, max=3\r\ncontent-length: 0\r\n\r\n')
    expect(heard.heads[0]!.idleSec).toBe(72)
  })
})
