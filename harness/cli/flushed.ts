import type { Writable } from 'node:stream'

/** Resolves when the stream has passed on all that was written to it, or cannot any more: its reader left. */
export function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
