import { embeddedEnvironment } from '../index.ts'
import { tinySpec } from './tiny-spec.ts'

/**
 * Brings the tiny shop up, enforces its budgets, says so in one line of JSON, and waits to be killed, with work under
 * way that its budgets hold back. With the argument `down` it takes everything down itself.
 */
const environment = embeddedEnvironment()
const running = await environment.up(tinySpec(), () => {}, new AbortController().signal)
const deaths: string[] = []
running.onDeath(({ component }) => deaths.push(component))
await running.enforceBudgets(true)
const answer = await fetch(`${running.url}/count`)
await running.restoreData()
const report = {
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
