import { expect, it } from 'vitest'
import { maskPasswords } from './mask-passwords.ts'

it.each([
  ['connect postgres://shop:geheim@db:5432/shop failed', 'connect postgres://shop:***@db:5432/shop failed'],
  ["'postgresql://u:p@ss/w@db/x'", "'postgresql://u:***@db/x'"],
  ['redis://:geheim@cache and amqp+ssl://a:b@c', 'redis://:***@cache and amqp+ssl://a:***@c'],
  [
    'http://localhost:3000/a, https://me@host/ and 10:00@noon',
    'http://localhost:3000/a, https://me@host/ and 10:00@noon',
  ],
])('a password in an address is not shown: %s', (text, masked) => {
  expect(maskPasswords(text)).toBe(masked)
})
