import { expect, test } from 'vitest'
import { openPasswords } from './password.ts'

const COST = 6

test('a password matches what was stored of it, and nothing else does', async () => {
  const passwords = openPasswords(COST, 8)
  const stored = await passwords.hash('correct horse')
  expect(await passwords.matches('correct horse', stored)).toBe(true)
  expect(await passwords.matches('Correct horse', stored)).toBe(false)
  expect(await passwords.matches('', stored)).toBe(false)
  expect(await passwords.hash('correct horse')).not.toBe(stored)
  // "é" as one character and as two.
  expect(await passwords.matches('caf\u00e9', await passwords.hash('cafe\u0301'))).toBe(true)
})

test('what was stored at another cost still matches', async () => {
  const stored = await openPasswords(5, 8).hash('correct horse')
  expect(stored).toMatch(/^scrypt\$5\$/)
  expect(await openPasswords(COST, 8).matches('correct horse', stored)).toBe(true)
})

test.each(['', 'plain', 'scrypt$6$$', '$$$'])(
  'what is stored damaged (%j) matches nothing',
  async (stored) => {
    const matched = await openPasswords(COST, 8)
      .matches('', stored)
      .catch(() => false)
    expect(matched).toBe(false)
  },
)

test('nobody takes the same room as somebody: the work is done for unknown names too', async () => {
  const passwords = openPasswords(COST, 1)
  const nobody = passwords.matches('correct horse', null)
  await expect(passwords.hash('correct horse')).rejects.toMatchObject({ status: 503, code: 'sign-in-busy' })
  expect(await nobody).toBe(false)
  expect(await passwords.hash('correct horse')).toMatch(/^scrypt/)
})

test('hashing leaves the event loop to others', async () => {
  let turns = 0
  const hashing = openPasswords(14, 1).hash('correct horse')
  const timer = setInterval(() => turns++, 1)
  await hashing
  clearInterval(timer)
  expect(turns).toBeGreaterThan(0)
})
