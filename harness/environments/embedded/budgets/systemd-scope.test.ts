import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemdScope } from './systemd-scope.ts'

/**
 * What is asked of systemd, by a `busctl` that writes it down and moves nothing; what comes of it is tested in
 * budgets.test.ts, where a user's systemd answers.
 */
describe.skipIf(process.platform !== 'linux')('the calls', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scope-'))
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`)
    vi.stubEnv('XDG_RUNTIME_DIR', folder)
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', '')
    writeFileSync(join(folder, 'bus'), '')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })
  const busctl = (script: string): void => {
    writeFileSync(join(folder, 'busctl'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, 'busctl'), 0o755)
  }
  const calls = (): readonly string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')

  test('a scope around a running process, delegated, so that others can be put into it', () => {
    busctl(`echo "$@" >> ${join(folder, 'calls')}`)
    const means = systemdScope('r1')
    if (typeof means === 'string') throw new Error(means)
    expect(() => means.add('database', process.pid)).toThrow(
      `systemd did not move process ${process.pid} into doorbuster-r1-database.scope`,
    )
    means.close()
    const manager =
      '--user --timeout=2 call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager'
    const [version, start, attach, ...rest] = calls()
    expect(version).toMatch(/^--user --timeout=2 get-property .* Version$/)
    expect(start).toMatch(
      new RegExp(
        `^${manager} StartTransientUnit ssa\\(sv\\)a\\(sa\\(sv\\)\\) doorbuster-r1-database.scope fail 3 ` +
          `PIDs au \\d+ ${process.pid}( \\d+)* Delegate b true CollectMode s inactive-or-failed 0$`,
      ),
    )
    expect(attach).toContain(`${manager} AttachProcessesToUnit ssau doorbuster-r1-database.scope  `)
    expect(rest).toEqual([])
  })

  test('says why there is none', () => {
    busctl('echo "Call failed: Access denied" >&2; exit 1')
    expect(systemdScope('r1')).toBe("this user's systemd refused: Call failed: Access denied")
    vi.stubEnv('PATH', join(folder, 'nowhere'))
    expect(systemdScope('r1')).toBe('there is no busctl (systemd is not installed)')
    rmSync(join(folder, 'bus'))
    expect(systemdScope('r1')).toBe(`this user has no bus (${join(folder, 'bus')} is not there)`)
    vi.stubEnv('XDG_RUNTIME_DIR', '')
    expect(systemdScope('r1')).toBe('this user has no bus (XDG_RUNTIME_DIR is not set)')
  })
})
