import { performance } from 'node:perf_hooks'
import { startClock } from '../../clock.ts'
import { HarnessError } from '../../core/errors.ts'
import { prepare } from '../../stage.ts'
import type { Context, Ending } from '../context.ts'

/** `shop`: the sample shop alone, to click through, until Ctrl-C. No load and no CPU budgets. */
export async function shopCommand(context: Context): Promise<Ending> {
  const { topology } = await prepare({ scenario: 'black-friday', set: context.options.set, seed: null })
  const progress = context.progress('Doorbuster · sample shop')
  progress.phase('bringing the shop up', 8)
  const running = await context.adapters
    .environment()
    .up({ topology, app: context.adapters.sampleShop, clock: startClock() }, progress.live, context.interrupt)
    .catch((cause: unknown) => {
      progress.stop(true)
      throw cause
    })
  try {
    progress.stop()
    const tookSec = ((performance.now() - context.startedAtMs) / 1000).toFixed(1)
    context.stdout(`the shop is open: ${running.url}  (${tookSec} s; Ctrl-C closes it)\n`)
    await new Promise<void>((resolve, reject) => {
      running.onDeath(({ component, detail }) => reject(dead(component, detail)))
      if (context.interrupt.aborted) resolve()
      context.interrupt.addEventListener('abort', () => resolve(), { once: true })
    })
  } finally {
    await running.down()
  }
  return { code: 0, meaning: 'the shop is closed' }
}

function dead(component: string, detail: string): HarnessError {
  return new HarnessError({
    code: 'environment',
    message: `${component} died: ${detail}`,
    where: component,
    hint: 'Nobody asked for it. Start the shop again; if it dies again, its last output above says why.',
  })
}
