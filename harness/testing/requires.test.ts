import { afterEach, describe, expect, it, vi } from 'vitest'
import { requires } from './requires.ts'

describe('requires', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  it('finds what an environment variable names', () => {
    vi.stubEnv('CHROMIUM', process.execPath)
    expect(requires('chromium')).toEqual({ skip: false, path: process.execPath })
  })

  it('skips what is missing and says what to do about it', () => {
    vi.stubEnv('CHROMIUM', '/nowhere/chromium')
    vi.stubEnv('REQUIRE_ALL', '')
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(requires('chromium').skip).toBe(true)
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/chromium is missing \(install chromium/))
  })

  it('fails instead of skipping when everything is required', () => {
    vi.stubEnv('CHROMIUM', '/nowhere/chromium')
    vi.stubEnv('REQUIRE_ALL', '1')
    expect(() => requires('chromium')).toThrow(/REQUIRE_ALL=1/)
  })

  it('demands Docker by name only', () => {
    vi.stubEnv('DOCKER', '/nowhere/docker')
    vi.stubEnv('REQUIRE_ALL', '1')
    vi.stubEnv('REQUIRE_DOCKER', '')
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(requires('docker').skip).toBe(true)
    vi.stubEnv('REQUIRE_DOCKER', '1')
    expect(() => requires('docker')).toThrow(/REQUIRE_DOCKER=1/)
  })
})
