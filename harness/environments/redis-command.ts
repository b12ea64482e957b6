import { connect } from 'node:net'

const ANSWERS_WITHIN_MS = 5000

/** One inline command to Redis and the first line of its answer ("+OK"); rejects when there is none within 5 s. */
export function redisCommand(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(ANSWERS_WITHIN_MS, () => socket.destroy(new Error(`no answer to "${command}"`)))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\r\n')
      if (end < 0) return
      resolve(text.slice(0, end))
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`Redis closed the connection before it answered "${command}"`)))
    socket.write(`${command}\r\n`)
  })
}
