import { lstatSync } from 'node:fs'

/** Whether this user owns a folder and nobody else can write to it: only then is what lies there ours to sweep. */
export function isOurFolder(folder: string): boolean {
  try {
    const status = lstatSync(folder)
    return status.isDirectory() && status.uid === process.getuid?.() && (status.mode & 0o022) === 0
  } catch {
    return false
  }
}
