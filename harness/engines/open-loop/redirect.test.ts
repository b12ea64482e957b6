import { expect, test } from 'vitest'
import { redirected } from './redirect.ts'
import type { HttpRequest } from './transport.ts'

const ORIGIN = 'http://127.0.0.1:8080'
const POST: HttpRequest = { method: 'POST', path: '/cart/items?x=1', headers: [], body: '{}' }
const answer = (status: number, location: string | null) => ({
  page: { status, text: '', json: undefined },
  location,
})

test.each([
  [303, '/cart', { method: 'GET', path: '/cart', body: null }],
  [302, '../orders/7?new=1#top', { method: 'GET', path: '/orders/7?new=1', body: null }],
  [301, `${ORIGIN}/moved`, { method: 'GET', path: '/moved', body: null }],
  [307, '/again', { method: 'POST', path: '/again', body: '{}' }],
  [308, '?page=2', { method: 'POST', path: '/cart/items?page=2', body: '{}' }],
])('a POST answered by %d to %s goes on so', (status, location, next) => {
  expect(redirected(POST, answer(status, location), ORIGIN)).toEqual(next)
})

test.each([
  // Other spellings of the same site; a path that looks like a host is a path.
  ['http://2130706433:8080/a', '/a'],
  ['http://me:secret@127.0.0.1:8080/a', '/a'],
  ['/.//elsewhere.example/', '//elsewhere.example/'],
])('%s stays on the site, as %s', (location, path) => {
  expect(redirected(POST, answer(302, location), ORIGIN)?.path).toBe(path)
})

test.each([
  [302, 'http://169.254.169.254/latest/meta-data'],
  [302, 'http://[::ffff:10.0.0.1]/'],
  [302, 'https://127.0.0.1:8080/'],
  [302, 'http://127.0.0.1:8081/'],
  [302, '//elsewhere.example/'],
  [302, '/\\elsewhere.example/'],
  [302, '\\\\elsewhere.example/'],
  [302, 'http:\\\\elsewhere.example/'],
  [302, '\t//elsewhere.example/'],
  [302, 'http://127.0.0.1:8080@elsewhere.example/'],
  [302, 'http://127.0.0.1:8080.elsewhere.example/'],
  [302, 'http://127.0.0.1/'],
  [302, 'http://[::1]:8080/'],
  [302, 'http://localhost:8080/'],
  [302, 'ftp://127.0.0.1:8080/'],
  [302, 'javascript:alert(1)'],
  [302, 'http://['],
  [302, null],
  [304, '/same'],
  [200, '/not-a-redirect'],
])('%d to %s leads nowhere', (status, location) => {
  expect(redirected(POST, answer(status, location), ORIGIN)).toBeNull()
})

test.each([
  ['http://shop.test/cart', null],
  ['http://shop.test:443/cart', null],
  ['https://shop.test:8443/cart', null],
  ['https://SHOP.test:443/cart', '/cart'],
])('a site behind TLS stays there: %s', (location, path) => {
  expect(redirected(POST, answer(302, location), 'https://shop.test')?.path ?? null).toBe(path)
})
