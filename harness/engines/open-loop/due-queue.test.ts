import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DueQueue } from './due-queue.ts'

describe('DueQueue', () => {
  it('gives actions back by time, first come first served, without the cancelled', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ dueUs: fc.nat(20), cancelled: fc.boolean() })), (entries) => {
        const queue = new DueQueue()
        const taken: number[] = []
        entries.forEach(({ dueUs, cancelled }, i) => {
          const due = queue.add(dueUs, () => taken.push(i))
          if (cancelled) due.action = null
        })
        for (let due = queue.first(); due; due = queue.first()) {
          queue.take()
          due.action?.()
        }
        const expected = entries
          .map((entry, i) => ({ ...entry, i }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.dueUs - b.dueUs || a.i - b.i)
        expect(taken).toEqual(expected.map(({ i }) => i))
      }),
    )
  })
})
