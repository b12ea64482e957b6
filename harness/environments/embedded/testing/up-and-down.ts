import { readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { embeddedEnvironment } from '../index.ts'
import { tinySpec } from './tiny-spec.ts'
import { leftOf, tracesOf } from './traces.ts'

/** What a process holds: kinds of what its event loop waits for, its open files, and what lies in its temporary folder. */
export type Held = {
  readonly resources: readonly string[]
  readonly files: readonly string[]
  readonly temporary: readonly string[]
}

/**
 * Stands the tiny shop up and takes it down, as many times as its argument says, and prints for each time what is left of
 * it and what this process holds then. It ends by itself: nothing it still holds may keep it alive.
 */
export type UpAndDown = { readonly left: readonly string[]; readonly held: Held }

function held(): Held {
  const folder = '/proc/self/fd'
  const files = readdirSync(folder).flatMap((fd) => {
    try {
      // Sockets and pipes are numbered: another one in its place is no growth.
      return [readlinkSync(`${folder}/${fd}`).replace(/\[\d+\]/, '')]
    } catch {
      // The listing's own.
      return []
    }
  })
  return {
    resources: process.getActiveResourcesInfo().toSorted(),
    files: files.toSorted(),
    temporary: readdirSync(tmpdir()).toSorted(),
  }
}

for (let time = 0; time < Number(process.argv[2]); time++) {
  const running = await embeddedEnvironment().up(tinySpec(), () => {}, new AbortController().signal)
  // Whether budgets bind takes a second to find out: every third time, the first and the tenth among them.
  if (time % 3 === 0) await running.enforceBudgets(true)
  const answer = await fetch(`${running.url}/count`)
  if (!answer.ok) throw new Error(await answer.text())
  await answer.body?.cancel()
  const traces = tracesOf(process.pid)
  // What is looked for later must be there now.
  const { listening, memory, segments, processes } = traces
  if ([listening, memory, segments, processes].some(({ length }) => length === 0))
    throw new Error(`nothing to look for in ${JSON.stringify(traces)}`)
  await running.down()
  const left = leftOf(traces)
  // A connection that its server has closed is let go in the next rounds of the loop.
  await sleep(100)
  console.log(JSON.stringify({ left, held: held() } satisfies UpAndDown))
}
