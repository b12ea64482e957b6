import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { DEFAULT_TOPOLOGY } from '../../core/topology.ts'
import type { Running } from '../../ports.ts'
import { embeddedEnvironment } from './index.ts'
import { tinySpec } from './testing/tiny-spec.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const TODAY = {
  ...DEFAULT_TOPOLOGY,
  // No other server ever says that it is ready.
  app: { ...DEFAULT_TOPOLOGY.app, settings: { readyOnly: 'app-1' }, flaws: ['of-the-data'] },
}

let running: Running
beforeAll(async () => {
  const spec = tinySpec({ topology: TODAY })
  running = await embeddedEnvironment().up(spec, () => {}, new AbortController().signal)
})
afterAll(() => running?.down())

const count = async () => {
  const answer = await fetch(`${running.url}/count`)
  return ((await answer.json()) as { n: number }).n
}
const apps = () => running.endpoints.apps().map(({ component }) => component)

test('a server that does not come up is told with its name, as soon as it was to be ready, and the others serve on', async () => {
  const begunMs = performance.now()
  const scaledOut = running.apply([{ id: 'app.scale-out', step: 3 }], { readyWithinMs: 1500 })
  await expect(scaledOut).rejects.toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/^app-[23] was started but not ready within 1\.5 s/),
  })
  expect(performance.now() - begunMs).toBeLessThan(30_000)
  expect(apps()).toEqual(['app-1'])
  expect(await count()).toBeGreaterThan(100)
  await running.apply([{ id: 'database.scale-up', step: 2 }])
  expect(apps()).toEqual(['app-1'])
  await running.undo()
  expect(running.topology).toEqual(TODAY)
})

test('a flaw that is one of the data goes and comes with the fix, each time on data of its own', async () => {
  await running.apply([{ id: 'shop.mend', step: 1 }])
  await running.restoreData()
  expect(await count()).toBe(1)
  await running.undo()
  await running.restoreData()
  expect(await count()).toBe(101)
  await running.apply([{ id: 'shop.mend', step: 1 }])
  await running.restoreData()
  expect(await count()).toBe(1)
})
