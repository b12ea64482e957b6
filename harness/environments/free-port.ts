import { createServer } from 'node:net'
import { HarnessError } from '../core/errors.ts'

/** Below the range from which outgoing connections get theirs (32768 up on Linux, 49152 on macOS): no race with them. */
const FROM = 20_000
const TO = 32_000
const TRIES = 50

/** A loopback port on which nothing listens now. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM))
    if (await canListen(port)) return port
  }
  throw new HarnessError({
    code: 'environment',
    message: `no free port found on 127.0.0.1 in ${TRIES} tries`,
    where: `ports ${FROM}–${TO}`,
    hint: 'is listening on loopback allowed here? Close what listens, or lift the restriction',
  })
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
