import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

export type BytesReading =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly expected: string; readonly got: string }

const LARGEST_MB = 64

/**
 * A file's content, at most 64 MB of it. A scenario may name anything: what is no file, and what never ends or never begins
 * (devices, pipes, logs of the kernel), is refused and not waited for.
 */
export function readBytes(path: string): BytesReading {
  const refuse = (expected: string, got: string): BytesReading => ({ ok: false, expected, got })
  let file: number | null = null
  try {
    // Not waiting: to open a pipe that nobody writes to would.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(file)
    if (!stat.isFile())
      return refuse(`a file at ${path}`, stat.isDirectory() ? 'a folder' : 'something that is no file')
    const tooLarge = (mb: string) => refuse(`a file of at most ${LARGEST_MB} MB at ${path}`, mb)
    if (stat.size > LARGEST_MB * 2 ** 20) return tooLarge(`${Math.ceil(stat.size / 2 ** 20)} MB`)
    // Not by its size, which some files do not tell; a byte more than it says shows whether there is more.
    const chunks: Buffer[] = []
    for (let left = LARGEST_MB * 2 ** 20 + 1; left > 0; ) {
      const chunk = Buffer.allocUnsafe(Math.min(left, Math.max(2 ** 16, stat.size + 1)))
      const read = readSync(file, chunk, 0, chunk.length, null)
      if (read === 0) return { ok: true, bytes: Buffer.concat(chunks) }
      chunks.push(chunk.subarray(0, read))
      left -= read
    }
    return tooLarge('more')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return refuse(`a file at ${path}`, 'none')
    return refuse(`a file at ${path} that can be read`, code ?? String(cause))
  } finally {
    if (file !== null) closeSync(file)
  }
}
