import { connect, type Socket } from 'node:net'
import { type Histogram, newHistogram, recordUs } from '../../core/measure/histogram.ts'

/** What single requests added up to, as HAProxy told them. */
export type RequestSums = { responses: number; serviceMsSum: number; upstreamMsSum: number }
type ServerSums = { responses: number; responseMsSum: number; readonly times: Histogram }

/** Server, status, ms in the queue, ms in all (-1: it did not come that far), and how it ended: "C." by the client. */
const LINE = /^(\S+) (-?\d+) (-?\d+) (-?\d+) (\S)\S$/

/**
 * Listens to HAProxy's requests, one line each, since HAProxy itself keeps only the mean of its last 1024. Times are whole
 * milliseconds. Of what is said while nobody listens nothing is kept.
 */
export class HaproxyRequests {
  readonly all: RequestSums = { responses: 0, serviceMsSum: 0, upstreamMsSum: 0 }
  private readonly path: string
  private readonly ring: string
  private readonly servers = new Map<string, ServerSums>()
  private socket: Socket | null = null
  private rest = ''

  constructor(path: string, ring: string) {
    this.path = path
    this.ring = ring
  }

  /** Listens from now on, if it does not yet or HAProxy was started anew. */
  listen(): void {
    if (this.socket !== null) return
    const socket = connect(this.path)
    this.socket = socket
    this.rest = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.hear(text))
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.socket === socket) this.socket = null
    })
    socket.unref()
    // -w: go on; -n: nothing of what was said before.
    socket.write(`show events ${this.ring} -w -n\n`)
  }

  of(server: string): ServerSums | undefined {
    return this.servers.get(server)
  }

  close(): void {
    this.socket?.destroy()
    this.socket = null
  }

  private hear(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() ?? ''
    for (const line of lines) this.note(LINE.exec(line))
  }

  private note(found: RegExpExecArray | null): void {
    // Anything else in the ring is news of servers that come and go.
    if (found === null) return
    const [, server = '', status, queued, total, endedBy] = found
    // A connection that was upgraded is told when it ends: its length is no response time.
    if (status === '101' || Number(total) < 0) return
    // Nor is it one when the client left.
    if (endedBy === 'C') return
    const serviceMs = Number(total)
    const atServerMs = serviceMs - Math.max(0, Number(queued))
    this.all.responses++
    this.all.serviceMsSum += serviceMs
    // "<NOSRV>": HAProxy's own answer.
    if (server.startsWith('<')) return
    this.all.upstreamMsSum += atServerMs
    const sums = this.servers.get(server) ?? { responses: 0, responseMsSum: 0, times: newHistogram() }
    this.servers.set(server, sums)
    sums.responses++
    sums.responseMsSum += atServerMs
    recordUs(sums.times, atServerMs * 1000)
  }
}
