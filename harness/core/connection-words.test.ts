import { expect, test } from 'vitest'
import { connectionWords } from './connection-words.ts'

const failed = (message: string, more: object = {}) => Object.assign(new Error(message), more)

test.each([
  [failed('connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' }), /nobody listens there/],
  [
    failed('80C8:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl', {
      code: 'EPROTO',
    }),
    /speaks no TLS: http:\/\//,
  ],
  // Both addresses of "localhost" were tried: the error itself says nothing.
  [failed('', { code: undefined, errors: [failed('x', { code: 'ECONNREFUSED' })] }), /nobody listens/],
  [failed('fetch failed', { cause: failed('', { code: 'ENOTFOUND' }) }), /host name is not known/],
  [failed('Parse Error: Expected HTTP/', { code: 'HPE_INVALID_CONSTANT' }), /does not speak HTTP/],
  [failed('something of its own'), /^something of its own$/],
])('%s', (error, words) => {
  expect(connectionWords(error)).toMatch(words)
})
