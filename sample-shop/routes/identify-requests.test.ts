import { expect, test } from 'vitest'
import { continueTrace } from './identify-requests.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'

test('a call made for a request belongs to its trace, as a span of its own', () => {
  const passedOn = continueTrace(`00-${TRACE}-b7ad6b7169203331-01`)
  expect(passedOn).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
  expect(passedOn).not.toContain('b7ad6b7169203331')
  expect(continueTrace(null)).toBeNull()
})
