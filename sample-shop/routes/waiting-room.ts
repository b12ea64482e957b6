import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import { Counter, Gauge } from 'prom-client'
import { waitingLine } from '../domain/waiting-line.ts'
import { renderWaitingRoom } from '../views/waiting-room.tsx'
import { wantsJson } from './answer.ts'
import { readCookie } from './cookie.ts'
import { cookieOptions } from './cookies.ts'
import type { Shop } from './shop.ts'

const PASS = 'admitted'

/**
 * The waiting room: shoppers get a ticket with their arrival number and are let in in that order, `perSec` a second.
 * Until then every answer is a 503 with `X-Waiting-Room: <position>` and `Retry-After`. Ticket and pass are signed
 * cookies; who throws the ticket away and takes another one goes to the end.
 *
 * With several instances there are several lines. Each gives out its own tickets (the cookie bears the instance's
 * name, so INSTANCE must differ) and lets in `perSec` of its own shoppers; a pass holds at all of them. Behind a
 * balancer that keeps a shopper on one instance, the lines move side by side, and somebody in a shorter one may be in
 * before somebody who came earlier to a longer one. Behind one that does not, a shopper comes to stand in every line
 * and goes in with the first that calls; the places in the others are wasted, so fewer get in than instances × `perSec`.
 * An instance that starts anew has an empty line: tickets of before are none, passes still hold.
 */
export function waitingRoom({ config, telemetry }: Pick<Shop, 'config' | 'telemetry'>): RequestHandler {
  const perSec = config.waitingRoomAdmitsPerSec
  const line = waitingLine({ perSec, stayMs: config.admittedMs })
  const ticketName = `ticket-${config.instance.replace(/[^\w-]/g, '-')}`
  // Numbers begin again with every start, so tickets say whose they are.
  const start = randomBytes(6).toString('base64url')

  const registers = [telemetry.registry]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('shop_waiting_room_waiting', 'Arrival numbers not called yet.', () => line.waiting(Date.now()))
  gauge('shop_waiting_room_called', 'Arrival numbers called so far.', () => line.called(Date.now()))
  const answers = new Counter({
    name: 'shop_waiting_room_answers_total',
    help: 'Answers that were the waiting room.',
    registers,
  })

  const sign = (text: string) => createHmac('sha256', config.secret).update(text).digest('base64url')
  const signed = (kind: string, value: string) => `${value}.${sign(`${kind} ${value}`)}`

  /** What was signed; `null` when nothing was, or not by us. */
  function verified(kind: string, text: string | null): string | null {
    const at = text?.lastIndexOf('.') ?? -1
    if (text === null || at < 1 || text.length > 200) return null
    const value = text.slice(0, at)
    const given = Buffer.from(text.slice(at + 1))
    const right = Buffer.from(sign(`${kind} ${value}`))
    return given.length === right.length && timingSafeEqual(given, right) ? value : null
  }

  function readTicket(request: Request): number | null {
    const [whose, number] = verified('ticket', readCookie(request, ticketName))?.split('.') ?? []
    return whose === start ? Number(number) : null
  }

  return (request, response, next) => {
    const nowMs = Date.now()
    if (Number(verified('pass', readCookie(request, PASS))) > nowMs) return next()

    const cookie = cookieOptions(request)
    const ticket = readTicket(request)
    let number = ticket ?? line.arrive(nowMs)
    let place = line.place(number, nowMs)
    if (place.in === 'nowhere') {
      number = line.arrive(nowMs)
      place = line.place(number, nowMs)
    }
    if (place.in === 'shop') {
      const maxAge = Math.ceil(place.untilMs - nowMs)
      response.cookie(PASS, signed('pass', String(Math.ceil(place.untilMs))), { ...cookie, maxAge })
      if (ticket !== null) response.clearCookie(ticketName, cookie)
      return next()
    }
    const position = place.in === 'line' ? place.position : 1
    if (number !== ticket) response.cookie(ticketName, signed('ticket', `${start}.${number}`), cookie)
    answers.inc()
    const lookAgainSec = Math.min(config.lookAgainSec, Math.max(1, Math.ceil(position / perSec)))
    response.status(503)
    response.setHeader('X-Waiting-Room', position)
    response.setHeader('Retry-After', lookAgainSec)
    response.setHeader('Cache-Control', 'no-store')
    if (wantsJson(request)) {
      const message = `You are number ${position} in the waiting room.`
      response.json({ error: { code: 'waiting-room', message }, position, lookAgainSec })
    } else {
      // Looking again at what a form was sent to would find no page there.
      const lookAt = request.method === 'GET' ? '' : '/'
      response.type('html').send(renderWaitingRoom({ position, lookAgainSec, lookAt }))
    }
  }
}
