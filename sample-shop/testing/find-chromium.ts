import { existsSync } from 'node:fs'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome']

/**
 * The system's Chromium: CHROMIUM, else where systems put it; `null`, with a word on the console, where there is none.
 * With REQUIRE_ALL=1 that is an error.
 */
export function findChromium(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin']
  const named = process.env['CHROMIUM']
  const places =
    named === undefined
      ? folders.flatMap((folder) => PROGRAMS.map((program) => `${folder}/${program}`))
      : [named]
  const found = places.find((path) => existsSync(path))
  if (found !== undefined) return found
  const missing = 'chromium is missing (install chromium, or set CHROMIUM)'
  if (process.env['REQUIRE_ALL'] === '1')
    throw new Error(`${missing}, and REQUIRE_ALL=1 allows no skipped test`)
  console.warn(`skipped: ${missing}`)
  return null
}
