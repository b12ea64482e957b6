export type Entry = 'full' | 'timeout' | 'gone' | { readonly leave: () => void }

/** At most so many at a time, at most so many in line behind them, first come first served. */
export type BoundedQueue = {
  /** Resolves with `leave` when it is one's turn, or with why it will not be. `signal`: the one in line has gone. */
  enter(signal: AbortSignal): Entry | Promise<Entry>
  inside(): number
  waiting(): number
}

type Limits = { readonly most: number; readonly mostWaiting: number; readonly longestWaitMs: number }

export function boundedQueue({ most, mostWaiting, longestWaitMs }: Limits): BoundedQueue {
  // A Set keeps the order of insertion and forgets in one step.
  const line = new Set<(entry: Entry) => void>()
  let inside = 0

  function admit(): Entry {
    inside++
    let left = false
    return {
      leave() {
        if (left) return
        left = true
        inside--
        for (const call of line) {
          call(admit())
          break
        }
      },
    }
  }

  return {
    enter(signal) {
      if (inside < most) return admit()
      if (line.size >= mostWaiting) return 'full'
      return new Promise((resolve) => {
        const end = (entry: Entry) => {
          line.delete(end)
          clearTimeout(timer)
          signal.removeEventListener('abort', gone)
          resolve(entry)
        }
        const gone = () => end('gone')
        const timer = setTimeout(() => end('timeout'), longestWaitMs)
        signal.addEventListener('abort', gone)
        line.add(end)
      })
    },
    inside: () => inside,
    waiting: () => line.size,
  }
}
