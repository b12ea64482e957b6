import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueLine, type Place } from './due-line.ts'

test('a line keeps who has not left, in the order of joining', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ leaves: fc.nat(30) })), (steps) => {
      const line = new DueLine()
      const standing: { place: Place; i: number }[] = []
      const ran: number[] = []
      steps.forEach(({ leaves }, i) => {
        standing.push({ place: line.join(i, i, () => ran.push(i)), i })
        if (leaves < standing.length) {
          const [gone] = standing.splice(leaves, 1)
          line.leave(gone!.place)
          line.leave(gone!.place)
        }
      })
      for (let place = line.first(); place; place = line.first()) {
        const { action } = place
        line.leave(place)
        action?.()
      }
      expect(ran).toEqual(standing.map(({ i }) => i))
    }),
  )
})
