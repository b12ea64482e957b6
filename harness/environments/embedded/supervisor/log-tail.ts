import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const BYTES = 6000

/** The last lines of a log file, without blank ones; empty when there is no such file. */
export function tailOf(path: string, lines: number): string {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return ''
  }
  try {
    const size = fstatSync(fd).size
    const buffer = Buffer.alloc(Math.min(BYTES, size))
    readSync(fd, buffer, 0, buffer.length, size - buffer.length)
    const all = buffer
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
    return all.slice(-lines).join('\n')
  } finally {
    closeSync(fd)
  }
}
