import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { threadsOf } from '../../process-tree.ts'
import type { BudgetMeans } from './means.ts'

const PROBE = 'bind-probe'
/** Ends by itself, should nobody be left to end it. */
const BUSY_LOOP = 'const end = Date.now() + 30_000; while (Date.now() < end);'
const USUAL = { cores: 0.3, loops: 1 }
const SETTLE_MS = 150
const MEASURE_MS = 1000
/** A busy host can take the probe's share away for a moment, which says nothing about the means. */
const TRIES = 3
const BINDS_WITHIN = 0.1
/** With less of the host idle than this, others may have used what the probe was owed. */
const IDLE_ENOUGH = 0.1
/** The means itself must have held it back (ideally 700 ms): on a busy host, 0.3 cores can come about by chance. */
const HELD_BACK_MS = 100

export type Binding = {
  /** By how much the probe missed its budget: 0.02 = within 2 %. */
  readonly missedBy: number
  readonly binds: boolean
  /** What was seen, in words. */
  readonly because: string
}

/**
 * Holds a busy loop at 0.3 cores for a second. A means binds if that is met within 10 %. Using less on a host that
 * others keep busy is no fault of the means: it binds then too, and the miss is told as it was measured. A means that
 * cannot count how long it held back has to hold more loops than it gives cores, and to show that they are confined.
 */
export async function probeBinding(means: BudgetMeans, adopt: (pid: number) => void): Promise<Binding> {
  const { cores: wanted, loops } = means.probe ?? USUAL
  const child = spawn(process.execPath, ['-e', busyLoops(loops)], {
    stdio: 'ignore',
    detached: true,
    env: {},
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let best: Binding = {
    missedBy: Number.POSITIVE_INFINITY,
    binds: false,
    because: 'no probe could be started',
  }
  if (child.pid === undefined) return best
  adopt(child.pid)
  try {
    means.setBudget(PROBE, wanted)
    means.add(PROBE, child.pid)
    means.enforce(true)
    for (let tries = 0; tries < TRIES && best.missedBy > BINDS_WITHIN; tries++) {
      await sleep(SETTLE_MS)
      const before = means.read(PROBE).throttledUs
      const { cores, idleRatio } = await measure(child.pid)
      const heldBackUs = means.read(PROBE).throttledUs - before
      const missedBy = Math.abs(cores / wanted - 1)
      const robbed = cores < wanted && idleRatio < IDLE_ENOUGH
      const heldBack = means.probe?.confines(child.pid) ?? heldBackUs > HELD_BACK_MS * 1000
      const binds = heldBack && (missedBy <= BINDS_WITHIN || robbed)
      const used = `busy loops at ${wanted} cores used ${cores.toFixed(2)}`
      const because = heldBack
        ? `a one-second probe missed by ${(missedBy * 100).toFixed(0)} %: ${used}`
        : `a one-second probe did not show that it holds back: ${used}`
      if (missedBy < best.missedBy) best = { missedBy, binds, because }
    }
    return best
  } finally {
    letGo(means)
    child.kill('SIGKILL')
    await ended
  }
}

/** A means that failed before fails at this as well; the process is ended in any case. */
function letGo(means: BudgetMeans): void {
  try {
    means.enforce(false)
    means.release(PROBE)
  } catch {
    // Why it is not to be trusted was thrown before this.
  }
}

function busyLoops(loops: number): string {
  if (loops === 1) return BUSY_LOOP
  return `const { Worker } = require('node:worker_threads')
for (let i = 1; i < ${loops}; i++) new Worker(${JSON.stringify(BUSY_LOOP)}, { eval: true })
${BUSY_LOOP}`
}

/** Read from the kernel directly, not from the means under test. */
async function measure(pid: number): Promise<{ cores: number; idleRatio: number }> {
  const from = { ns: process.hrtime.bigint(), usedNs: onCpuNs(pid), host: hostTicks() }
  await sleep(MEASURE_MS)
  const cores = (onCpuNs(pid) - from.usedNs) / Number(process.hrtime.bigint() - from.ns)
  const host = hostTicks()
  const idleRatio = (host.idle - from.host.idle) / Math.max(1, host.all - from.host.all)
  return { cores, idleRatio }
}

function onCpuNs(pid: number): number {
  return threadsOf(pid).reduce((sum, tid) => sum + threadNs(pid, tid), 0)
}

function threadNs(pid: number, tid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0])
  } catch {
    // It ended between the listing and the reading.
    return 0
  }
}

/** First line of /proc/stat: user nice system idle iowait irq softirq steal … (proc(5)). */
function hostTicks(): { readonly idle: number; readonly all: number } {
  const ticks = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/\s+/).slice(1, 9).map(Number)
  return { idle: ticks[3]! + ticks[4]!, all: ticks.reduce((sum, value) => sum + value, 0) }
}
