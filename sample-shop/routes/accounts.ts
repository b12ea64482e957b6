import { type Request, type RequestHandler, type Response, Router } from 'express'
import { findOrderHistory } from '../data/order-details.ts'
import { FormError } from '../domain/form-error.ts'
import { ShopError } from '../domain/shop-error.ts'
import { hashToken, register, type SignedIn, signIn } from '../domain/sign-in.ts'
import { accountPage, type Door, historyPage, registerPage, signInPage } from '../views/account.tsx'
import { UNFILLED } from '../views/fields.tsx'
import type { Page } from '../views/page.ts'
import { sendPage, wantsJson } from './answer.ts'
import { answerForm } from './answer-form.ts'
import { askToSignIn } from './ask-to-sign-in.ts'
import { cookieOptions, ensureCartCookie } from './cookies.ts'
import { findVisitor } from './find-visitor.ts'
import { requireFormToken } from './guard-forms.ts'
import { keepPrivate } from './keep-private.ts'
import { spentBy } from './measure-response.ts'
import { readNext, readRegistration, readSignIn } from './read-forms.ts'
import { readPageNumber, readSessionCookie } from './read-input.ts'
import type { Shop } from './shop.ts'

/** Registration, signing in and out, the account and its orders. */
export function accountRoutes(shop: Shop): Router {
  const { config, database, sessions } = shop
  const routes = Router()
  const showDoor = (page: Page<Door>): RequestHandler => {
    return (request, response) => {
      ensureCartCookie(request, response)
      sendPage(shop, request, response, page, { filled: UNFILLED, next: readNext(request.query['next']) })
    }
  }
  const letIn = (request: Request, response: Response, { account, token }: SignedIn, status: number) => {
    response.cookie('session', token, { ...cookieOptions(request), maxAge: config.sessionMs })
    const { email, name } = account
    if (wantsJson(request)) response.status(status).json({ email, name })
    else response.redirect(303, readNext(request.body?.next))
  }

  routes.use(['/register', '/sign-in', '/sign-out', '/account'], keepPrivate)
  routes.get('/register', showDoor(registerPage))
  routes.post('/register', requireFormToken(config), (request, response) =>
    answerForm(
      request,
      response,
      {
        kept: ['name', 'email'],
        show: (filled) =>
          sendPage(shop, request, response, registerPage, { filled, next: readNext(request.body?.next) }),
      },
      async () => {
        const wanted = readRegistration(request.body)
        const oldToken = readSessionCookie(request)
        const signedIn = await register(shop, spentBy(response), { ...wanted, oldToken })
        if (!signedIn) {
          const email = 'This email has an account already. Sign in instead?'
          throw new FormError(409, 'email-taken', 'Please look at the marked fields.', { email })
        }
        letIn(request, response, signedIn, 201)
      },
    ),
  )

  routes.get('/sign-in', showDoor(signInPage))
  routes.post('/sign-in', requireFormToken(config), (request, response) =>
    answerForm(
      request,
      response,
      {
        kept: ['email'],
        show: (filled) =>
          sendPage(shop, request, response, signInPage, { filled, next: readNext(request.body?.next) }),
      },
      async () => {
        const wanted = readSignIn(request.body)
        const result = await signIn(shop, spentBy(response), {
          ...wanted,
          oldToken: readSessionCookie(request),
        })
        if (result.kind === 'wrong') {
          throw new FormError(401, 'wrong-credentials', 'There is no account with this email and password.')
        }
        if (result.kind === 'too-many') {
          response.setHeader('Retry-After', result.retryAfterSec)
          const message = 'Too many attempts to sign in with this email. Please wait a few minutes.'
          throw new FormError(429, 'too-many-attempts', message)
        }
        letIn(request, response, result, 200)
      },
    ),
  )

  routes.post('/sign-out', async (request, response) => {
    const token = readSessionCookie(request)
    if (token !== null) {
      await database.hold(spentBy(response), (connection) => sessions.close(connection, hashToken(token)))
      response.clearCookie('session', cookieOptions(request))
    }
    if (wantsJson(request)) response.json({ signedIn: false })
    else response.redirect(303, '/')
  })

  routes.get('/account', async (request, response) => {
    const account = await database.hold(spentBy(response), (connection) =>
      findVisitor(shop, connection, request),
    )
    if (!account) return askToSignIn(request, response, '/account')
    sendPage(shop, request, response, accountPage, account)
  })

  routes.get('/account/orders', async (request, response) => {
    const page = readPageNumber(request)
    const found = await database.hold(spentBy(response), async (connection) => {
      const account = await findVisitor(shop, connection, request)
      return account && { history: await findOrderHistory(connection, account.id, page, config.ordersPage) }
    })
    if (!found) return askToSignIn(request, response, '/account/orders')
    if (!found.history) throw new ShopError(404, 'unknown-page', 'There is no such page.')
    sendPage(shop, request, response, historyPage, found.history)
  })
  return routes
}
