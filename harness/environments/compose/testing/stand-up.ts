import { startClock } from '../../../clock.ts'
import { DEFAULT_TOPOLOGY } from '../../../core/topology.ts'
import { SAMPLE_SHOP } from '../../../sample-shop-app.ts'
import { composeEnvironment } from '../index.ts'

/** Brings the shop up, says so in a line for each thing it does and a last one with its address, and waits to be killed. */
const running = await composeEnvironment().up(
  { topology: DEFAULT_TOPOLOGY, app: SAMPLE_SHOP, clock: startClock() },
  (text) => console.log(text),
  new AbortController().signal,
)
console.log(`up at ${running.url}`)
setInterval(() => {}, 1000)
