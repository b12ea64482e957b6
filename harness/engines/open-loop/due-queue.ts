import type { Due } from './scheduler.ts'

/** Due actions by time, and first come first served at the same time: a binary heap. */
export class DueQueue {
  readonly #heap: Due[] = []
  #order = 0

  add(dueUs: number, action: () => void): Due {
    const due: Due = { dueUs, order: this.nextOrder(), action }
    const heap = this.#heap
    let hole = heap.length
    heap.push(due)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (!isBefore(due, heap[parent]!)) break
      heap[hole] = heap[parent]!
      hole = parent
    }
    heap[hole] = due
    return due
  }

  /** Numbers whatever is to run, so that equal times keep their order even across queues. */
  nextOrder(): number {
    return this.#order++
  }

  /** The earliest action that was not cancelled, left in the queue. */
  first(): Due | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.action === null) this.take()
    return this.#heap[0]
  }

  /** Takes the earliest entry, cancelled or not. */
  take(): Due | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return top
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[hole] = heap[child]!
      hole = child
    }
    heap[hole] = last
    return top
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.order < b.order)
}
