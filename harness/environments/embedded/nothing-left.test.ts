import { readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { isRunning, statFields } from '../process-tree.ts'
import { cgroupV1 } from './budgets/cgroup-v1.ts'
import { isManagerThere } from './budgets/user-manager.ts'
import { embeddedEnvironment } from './index.ts'
import { sweepLeftovers } from './sweep-leftovers.ts'
import { runScript, type Script } from './testing/run-script.ts'
import { tinySpec } from './testing/tiny-spec.ts'
import { leftAfter, leftOf, tracesOf } from './testing/traces.ts'

// Each test starts whole environments: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000 })

const standUp = fileURLToPath(new URL('testing/stand-up.ts', import.meta.url))
const cgroups = cgroupV1(`test-${process.pid}`)
if (typeof cgroups !== 'string') cgroups.close()

let script: Script | null = null
afterEach(() => {
  script?.child.kill('SIGKILL')
  script = null
})

async function upWith(budgets: string): Promise<Script> {
  script = runScript(standUp, [], { env: { DOORBUSTER_BUDGETS: budgets } })
  expect(JSON.parse(await script.nextLine())).toMatchObject({ status: 200, deaths: [] })
  return script
}

describe.skipIf(process.platform !== 'linux')('nothing is left', () => {
  test('when the harness is killed while a duty cycle holds its components back', async () => {
    const { child, pid } = await upWith('duty-cycle')
    const traces = tracesOf(pid)
    expect(leftOf(traces).length).toBeGreaterThan(5)
    child.kill('SIGKILL')
    expect(await leftAfter(traces, 5000)).toEqual([])
  })

  test.skipIf(typeof cgroups === 'string')(
    'when the harness is killed while control groups hold its components back',
    async () => {
      const { child, pid } = await upWith('cgroup-v1')
      const traces = tracesOf(pid)
      expect(traces.list.cgroups.length).toBeGreaterThan(0)
      child.kill('SIGKILL')
      expect(await leftAfter(traces, 5000)).toEqual([])
    },
  )

  test('when the harness is killed while its faults stand components still', async () => {
    script = runScript(standUp, ['faults'], { env: { DOORBUSTER_BUDGETS: 'duty-cycle' } })
    expect(JSON.parse(await script.nextLine())).toMatchObject({
      done: [true, true, true, true, true],
      deaths: [],
    })
    const traces = tracesOf(script.pid)
    const states = new Set(traces.processes.map(({ pid }) => statFields(pid)?.[0]))
    expect(states).toContain('T')
    expect(traces.list.processes.map(({ name }) => name)).toContain('fault-proxy')
    script.child.kill('SIGKILL')
    expect(await leftAfter(traces, 5000)).toEqual([])
  })

  test.skipIf(isManagerThere() !== true)(
    'when the harness is killed while scopes of systemd hold its components back',
    async () => {
      const { child, pid } = await upWith('systemd-scope')
      const traces = tracesOf(pid)
      child.kill('SIGKILL')
      expect(await leftAfter(traces, 5000)).toEqual([])
    },
  )

  test('when the supervisor is killed: the harness says so and ends the rest', async () => {
    const { pid, nextLine } = await upWith('duty-cycle')
    const traces = tracesOf(pid)
    process.kill(traces.list.supervisor!.pid, 'SIGKILL')
    expect(await nextLine()).toBe('supervisor died')
    expect(await leftAfter(traces, 5000)).toEqual([])
  })

  test('when both are killed: the next run sweeps it up', async () => {
    const { child, pid } = await upWith('duty-cycle')
    const traces = tracesOf(pid)
    process.kill(traces.list.supervisor!.pid, 'SIGSTOP')
    child.kill('SIGKILL')
    process.kill(traces.list.supervisor!.pid, 'SIGKILL')
    while ([traces.list.harness, traces.list.supervisor!].some(isRunning)) await sleep(20)
    expect(await sweepLeftovers()).toContain(traces.folder)
    expect(leftOf(traces)).toEqual([])
  })

  test.each([0, 100, 250])(
    'when it is interrupted %i ms into making the cluster, not even the segment of the server that makes it',
    async (afterMs) => {
      const interrupt = new AbortController()
      const coming = embeddedEnvironment().up(tinySpec(), () => {}, interrupt.signal)
      coming.catch(() => {})
      const ids = new Set<string>()
      let inode: string | undefined
      const look = (): void => {
        inode ??= ownFolders().flatMap((folder) => inodeOf(join(folder, 'data')))[0]
        for (const [key, id] of segments()) if (key === inode) ids.add(id)
      }
      const looking = setInterval(look, 2)
      while (ids.size === 0) await sleep(2)
      await sleep(afterMs)
      interrupt.abort()
      await expect(coming).rejects.toMatchObject({ code: 'interrupted' })
      clearInterval(looking)
      expect(ownFolders()).toEqual([])
      expect(segments().filter(([, id]) => ids.has(id))).toEqual([])
    },
  )
})

function ownFolders(): readonly string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(`doorbuster-${process.pid}-`))
    .map((name) => join(tmpdir(), name))
}

/** A Postgres takes the number of its data folder for the key of its segment. */
function inodeOf(path: string): readonly string[] {
  const status = statSync(path, { throwIfNoEntry: false })
  return status ? [String(status.ino)] : []
}

/** Key and id of every System V segment on this machine. */
function segments(): readonly (readonly [key: string, id: string])[] {
  return readFileSync('/proc/sysvipc/shm', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([key = '', id = '']) => [key, id])
}
