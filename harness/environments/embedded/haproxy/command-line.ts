import { connect } from 'node:net'

/** One command to HAProxy's socket and what it answers; rejects when there is no answer within a second. */
export function haproxyCommand(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(socketPath)
    socket.setTimeout(1000, () => socket.destroy(new Error(`haproxy did not answer to "${command}"`)))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    // HAProxy closes after one line of commands.
    socket.on('end', () => resolve(text.trim()))
    socket.on('error', reject)
    socket.write(`${command}\n`)
  })
}
