import { describe, expect, it } from 'vitest'
import { failureWords } from './failure-words.ts'

const words = (...output: string[]) =>
  failureWords({
    when: 'standing-up',
    reason: ['app-5 was started but not ready within 8 s; its last output:', ...output].join('\n'),
  })

describe('failureWords', () => {
  it('is what was waited for, and the last trouble the component told of', () => {
    expect(
      words(
        'ons"}',
        '{"level":40,"reason":"connection slots are reserved","msg":"cannot open all connections"}',
        '{"level":30,"signal":"SIGTERM","msg":"ending"}',
      ),
    ).toBe(
      'did not come up: app-5 was started but not ready within 8 s (cannot open all connections: connection slots are reserved)',
    )
  })

  it('takes plain output as it is, shortened, and does without any', () => {
    expect(words('FATAL: no such setting')).toMatch(/ \(FATAL: no such setting\)$/)
    expect(words('x'.repeat(500)).length).toBeLessThan(250)
    expect(words('(none)')).toMatch(/within 8 s$/)
  })

  it('says when it happened', () => {
    const death = {
      when: 'under-load',
      reason: 'app-1 died in the middle of the run\nkilled by SIGKILL',
    } as const
    expect(failureWords(death)).toBe(
      'did not stay up under load: app-1 died in the middle of the run (killed by SIGKILL)',
    )
  })
})
