import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** The server's side of a WebSocket (RFC 6455), as much of it as tests need: answers texts, and a close with a close. */
export function answerWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  answerTo: (text: string) => string | null,
  first: Buffer = Buffer.alloc(0),
): void {
  const key = request.headers['sec-websocket-key'] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const head = `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`
  socket.write(Buffer.concat([Buffer.from(head), first]))
  let rest = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    for (let frame = readFrame(rest); frame !== null; frame = readFrame(rest)) {
      rest = rest.subarray(frame.bytes)
      if (frame.opcode === 8) {
        socket.end(Buffer.concat([Buffer.from([0x88, frame.payload.length]), frame.payload]))
        return
      }
      const answer = answerTo(frame.payload.toString())
      if (answer !== null) socket.write(textFrame(answer))
    }
  })
}

/** One unmasked text frame. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x81, payload.length]), payload])
  const head = Buffer.from([0x81, 126, 0, 0])
  head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}

/** The first masked frame of at most 64 KB in these bytes; `null` when it is not whole yet. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; bytes: number } | null {
  if (bytes.length < 6) return null
  const short = bytes[1]! & 0x7f
  const at = short === 126 ? 4 : 2
  if (bytes.length < at + 4) return null
  const length = short === 126 ? bytes.readUInt16BE(2) : short
  const end = at + 4 + length
  if (bytes.length < end) return null
  const mask = bytes.subarray(at, at + 4)
  const payload = Buffer.from(bytes.subarray(at + 4, end).map((byte, i) => byte ^ mask[i % 4]!))
  return { opcode: bytes[0]! & 0x0f, payload, bytes: end }
}
