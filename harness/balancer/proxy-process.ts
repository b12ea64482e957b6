import { HarnessError } from '../core/errors.ts'
import { readBalancerConfig } from './config.ts'
import { startBalancer } from './proxy.ts'
import { warmUp } from './warm-up.ts'

/**
 * The embedded balancer as a process of its own, so that its CPU can be budgeted and metered. Configured by
 * BALANCER_CONFIG; ends on SIGTERM or SIGINT with code 0. No top-level await: it must bundle as CommonJS too.
 */
async function main(): Promise<void> {
  const config = readBalancerConfig(process.env['BALANCER_CONFIG'])
  await warmUp()
  const balancer = await startBalancer(config)
  const stop = () => balancer.stop().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

main().catch((error: unknown) => {
  if (!(error instanceof HarnessError)) throw error
  process.stderr.write(`balancer: ${error.message}\n`)
  process.exitCode = error.exitCode
})
