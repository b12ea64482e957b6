import { get } from 'node:http'
import type { Backend } from './backend.ts'

/** HAProxy's defaults: what is down for a moment is not out, what is up for a moment is not back. */
const FALL = 3
const RISE = 2

/** Active health: asks every server again and again, whether it has requests or not. */
export class HealthChecks {
  private readonly intervalMs: number
  private readonly path: string
  private readonly servers: () => readonly Backend[]
  private readonly changed: (server: Backend) => void
  private readonly timer: NodeJS.Timeout
  /** Checks in a row that say otherwise than what the server counts as. */
  private readonly against = new Map<Backend, number>()
  private readonly underWay = new Set<Backend>()

  constructor(
    intervalMs: number,
    path: string,
    servers: () => readonly Backend[],
    changed: (server: Backend) => void,
  ) {
    this.intervalMs = intervalMs
    this.path = path
    this.servers = servers
    this.changed = changed
    this.timer = setInterval(() => this.checkAll(), intervalMs)
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private checkAll(): void {
    const servers = this.servers()
    for (const server of this.against.keys()) if (!servers.includes(server)) this.against.delete(server)
    for (const server of servers) if (!this.underWay.has(server)) this.check(server)
  }

  private check(server: Backend): void {
    this.underWay.add(server)
    let told = false
    const tell = (well: boolean): void => {
      if (told) return
      told = true
      this.underWay.delete(server)
      this.heard(server, well)
    }
    // On a connection of its own: those of the pool may all be busy with requests, and a check must not wait for them.
    const asked = get(
      server.url + this.path,
      {
        agent: false,
        headers: { 'user-agent': 'doorbuster-health-check' },
        signal: AbortSignal.timeout(this.intervalMs),
      },
      (answer) => {
        const status = answer.statusCode ?? 0
        answer.on('error', () => {})
        answer.resume()
        tell(status >= 200 && status < 400)
      },
    )
    asked.on('error', () => tell(false))
  }

  private heard(server: Backend, well: boolean): void {
    if (well === server.healthy) {
      this.against.delete(server)
      return
    }
    const inARow = (this.against.get(server) ?? 0) + 1
    if (inARow < (well ? RISE : FALL)) {
      this.against.set(server, inARow)
      return
    }
    this.against.delete(server)
    server.healthy = well
    this.changed(server)
  }
}
