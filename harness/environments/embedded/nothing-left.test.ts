import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { cgroupV1 } from './budgets/cgroup-v1.ts'
import { sweepLeftovers } from './sweep-leftovers.ts'
import { runScript, type Script } from './testing/run-script.ts'
import { leftAfter, leftOf, tracesOf } from './testing/traces.ts'

// Each test starts whole environments: seconds on an idle machine, many on one that others use.
vi.setConfig({ testTimeout: 90_000 })

const standUp = fileURLToPath(new URL('testing/stand-up.ts', import.meta.url))
const cgroups = cgroupV1(`test-${process.pid}`)
cgroups?.close()

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

  test.skipIf(!cgroups)(
    'when the harness is killed while control groups hold its components back',
    async () => {
      const { child, pid } = await upWith('cgroup-v1')
      const traces = tracesOf(pid)
      expect(traces.list.cgroups.length).toBeGreaterThan(0)
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
    await leftAfter(
      {
        ...traces,
        processes: [traces.list.harness, traces.list.supervisor!],
        list: { ...traces.list, cgroups: [], files: [] },
        folder: '/nonexistent',
      },
      5000,
    )
    expect(await sweepLeftovers()).toContain(traces.folder)
    expect(leftOf(traces)).toEqual([])
  })
})
