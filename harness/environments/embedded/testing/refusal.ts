import type { Topology } from '../../../core/topology.ts'
import { embeddedEnvironment } from '../index.ts'
import { tinySpec } from './tiny-spec.ts'

/** Why a topology does not come up; throws when it does. */
export async function refusal(topology: Topology): Promise<unknown> {
  const up = embeddedEnvironment().up(tinySpec({ topology }), () => {}, new AbortController().signal)
  return up.then(
    async (running) => {
      await running.down()
      throw new Error('it came up')
    },
    (error: unknown) => error,
  )
}
