import { statfsSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { coarse, measureCoreClass } from '../../calibrate.ts'
import type { Isolation } from '../../core/record.ts'
import { ON_TIME_MS, sendingCeiling } from '../../doctor/sending-ceiling.ts'
import { formatPercent } from '../../report/format.ts'
import { isolationWords, passedOverWords } from '../../report/story/trust.ts'
import type { Context, Ending } from '../context.ts'

/** `doctor`: what this machine is, by what means CPU budgets bind on it, and how many requests it can send on time. About 20 s; loads only itself. */
export async function doctorCommand(context: Context): Promise<Ending> {
  const progress = context.progress('Doorbuster · doctor')
  const machine = {
    cores: availableParallelism(),
    memoryGb: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    /** Speed of one core, 1 = the reference core of the demo budgets. */
    coreSpeed: coarse(measureCoreClass()),
    freeDiskGb: Math.round((freeBytes(tmpdir()) / 1e9) * 10) / 10,
  }
  progress.phase('by what means CPU budgets bind', 2)
  const isolation = await context.adapters.isolation()
  progress.phase('how many requests can be sent on time', 20)
  const sending = await sendingCeiling(context.adapters.engine(), {
    trying: (perSec) => progress.live(`${perSec.toLocaleString('en')} requests/s`),
    signal: context.interrupt,
  }).finally(() => progress.stop())
  const exit: Ending =
    sending.perSec === null
      ? {
          code: 5,
          meaning: 'this machine sends late at any load: nothing measured on it now can be believed',
        }
      : { code: 0, meaning: 'this machine can rehearse' }
  if (context.options.json) {
    context.stdout(
      `${JSON.stringify({ schema: 1, command: 'doctor', machine, isolation, sending, exit }, null, 2)}\n`,
    )
    return exit
  }
  const { cores, memoryGb, node, platform, coreSpeed, freeDiskGb } = machine
  const broke =
    sending.brokeAtPerSec === null ? 'no more was tried' : `late at ${rate(sending.brokeAtPerSec)}`
  const ceiling =
    sending.perSec === null
      ? `not even ${rate(sending.brokeAtPerSec ?? 0)} on time: is something else running?`
      : `${rate(sending.perSec)} on time (99 % within ${sending.sendLagP99Ms!.toFixed(1)} ms, bound ${ON_TIME_MS} ms) for ${sending.cpuCores!.toFixed(2)} cores; ${broke}`
  context.stdout(
    `${[
      `machine   ${cores} cores, each ${coreSpeed} × the reference core · ${memoryGb} GB · ${node} · ${platform}`,
      `disk      ${freeDiskGb} GB free in ${tmpdir()}`,
      `budgets   ${budgetsText(isolation)}`,
      `sending   ${ceiling}`,
    ].join('\n')}\n`,
  )
  return exit
}

function budgetsText(isolation: Isolation): string {
  const { bindsWithin } = isolation
  const binds = bindsWithin === null ? '' : `: they bind ± ${formatPercent(bindsWithin)}`
  const over = passedOverWords(isolation)
  return `${isolationWords({ isolation, coreSpeed: null })}${binds}${over === null ? '' : ` · passed over: ${over}`}`
}

function rate(perSec: number): string {
  return `${Number(perSec.toPrecision(2)).toLocaleString('en')} requests/s`
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
