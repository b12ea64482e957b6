import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import type { AnyResult, ErrorResult } from '../core/result.ts'
import { toJson } from './json.ts'
import { makeOtherResults } from './testing/make-other-results.ts'
import { makeRehearsal } from './testing/make-rehearsal.ts'

const schema: object = JSON.parse(readFileSync(new URL('./result.schema.json', import.meta.url), 'utf8'))
const validate = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(schema)

const check = (result: AnyResult | ErrorResult) => {
  const valid = validate(JSON.parse(toJson(result)))
  return valid ? 'valid' : JSON.stringify(validate.errors)
}

describe('the JSON document', () => {
  it.each(['does-not-hold', 'holds', 'inconclusive', 'invalid', 'partial', 'no-fix-holds'] as const)(
    'is as its schema says: rehearse, %s',
    (kind) => {
      expect(check(makeRehearsal(kind).result)).toBe('valid')
    },
  )

  it.each(['run', 'capacity', 'whatif', 'diagnose', 'watch'] as const)(
    'is as its schema says: %s',
    (command) => {
      expect(check(makeOtherResults()[command])).toBe('valid')
    },
  )

  it('is as its schema says: an error', () => {
    const error = {
      code: 'usage',
      message: 'no such scenario',
      where: null,
      hint: 'did you mean black-friday?',
    }
    expect(check({ schema: 1, command: 'rehearse', error })).toBe('valid')
  })

  it('is refused when a field is missing, unknown or of the wrong kind', () => {
    const { result } = makeRehearsal('does-not-hold')
    const { winner: _, ...missing } = result
    expect(validate(missing)).toBe(false)
    expect(validate({ ...result, extra: 1 })).toBe(false)
    expect(validate({ ...result, covers: '52 %' })).toBe(false)
    expect(validate({ ...result, bottleneck: { ...result.bottleneck, class: 'gremlins' } })).toBe(false)
  })

  it('does not turn an infinite figure into "did not happen"', () => {
    const { result } = makeRehearsal('does-not-hold')
    expect(() => toJson({ ...result, headroom: Number.POSITIVE_INFINITY })).toThrow(/headroom/)
  })
})
