import type { Fault } from '../../../core/faults/fault.ts'
import { embeddedEnvironment } from '../index.ts'
import { tinySpec } from './tiny-spec.ts'

/** Whatever a take-down has to cope with: standing still, gone, held, in the path. */
const FAULTS = (
  [
    { kind: 'fill-connections', target: 'database', leaving: 30 },
    { kind: 'delay', target: 'database', byMs: 1000 },
    { kind: 'kill', target: 'balancer' },
    { kind: 'pause', target: 'app-1' },
    { kind: 'pause', target: 'database' },
  ] as const
).map((act): Fault => ({ at: { kind: 'share', share: 0.5 }, forSec: null, act }))

/**
 * Brings the tiny shop up, enforces its budgets, says so in one line of JSON, and waits to be killed, with work under
 * way that its budgets hold back. With the argument `down` it takes everything down itself; with `faults`, faults are in
 * force when it says so.
 */
const environment = embeddedEnvironment()
const faults = process.argv[2] === 'faults' ? FAULTS : []
const running = await environment.up({ ...tinySpec(), faults }, () => {}, new AbortController().signal)
const deaths: string[] = []
running.onDeath(({ component }) => deaths.push(component))
await running.enforceBudgets(true)
const answer = await fetch(`${running.url}/count`)
await running.restoreData()
const done = []
for (const fault of faults) done.push((await running.inject!(fault)).done)
const report = {
  done,
  status: answer.status,
  isolation: running.isolation,
  meter: await running.endpoints.meter(),
  deaths,
}
if (process.argv[2] === 'down') {
  await running.down()
  console.log(JSON.stringify(report))
} else {
  console.log(JSON.stringify(report))
  const again = (): void => {
    fetch(`${running.url}/burn`).then(again, () => setTimeout(again, 100))
  }
  again()
  setInterval(() => deaths.includes('supervisor') && process.stdout.write('supervisor died\n'), 50)
}
