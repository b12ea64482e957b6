import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DockerEngine } from '../docker/engine.ts'
import { imageOf, type Project } from '../project.ts'
import { containerCpu } from './container-cpu.ts'
import { limitCpu } from './cpu-limit.ts'

/** Ends by itself, should nobody be left to end it. */
const BUSY_LOOP = ['timeout', '30', 'sh', '-c', 'while :; do :; done']
const PROBE_CORES = 0.3
const SETTLE_MS = 150
const MEASURE_MS = 1000
/** A busy host can take the probe's share away for a moment, which says nothing about the means. */
const TRIES = 3
const BINDS_WITHIN = 0.1
/** With less of the host idle than this, others may have used what the probe was owed. */
const IDLE_ENOUGH = 0.1
/** The limit itself must have held it back (ideally 700 ms): on a busy host, 0.3 cores can come about by chance. */
const HELD_BACK_MS = 100

export type Binding = { readonly missedBy: number; readonly binds: boolean }

/**
 * Holds a busy loop in a container beside the shop's at 0.3 cores for a second, by the call that budgets use. Docker binds
 * if that is met within 10 %; using less on a host that others keep busy is no fault of it.
 */
export async function probeBinding(engine: DockerEngine, project: Project): Promise<Binding> {
  const [key, value] = ['com.docker.compose.project', project.name]
  const { Id: id } = await engine.ask<{ Id: string }>('POST', '/containers/create', {
    Image: imageOf(project),
    Entrypoint: [],
    Cmd: BUSY_LOOP,
    Labels: { [key]: value },
    HostConfig: { NetworkMode: 'none' },
  })
  try {
    await engine.ask('POST', `/containers/${id}/start`)
    const { State } = await engine.ask<{ State: { Pid: number } }>('GET', `/containers/${id}/json`)
    const read = containerCpu(engine, id, State.Pid)
    await limitCpu(engine, id, PROBE_CORES)
    let best: Binding = { missedBy: Number.POSITIVE_INFINITY, binds: false }
    for (let tries = 0; tries < TRIES && best.missedBy > BINDS_WITHIN; tries++) {
      await sleep(SETTLE_MS)
      const from = { ns: process.hrtime.bigint(), host: hostMs(), ...(await read()) }
      await sleep(MEASURE_MS)
      const now = { ns: process.hrtime.bigint(), host: hostMs(), ...(await read()) }
      const cores = (now.usedUs - from.usedUs) / (Number(now.ns - from.ns) / 1000)
      const idleRatio = (now.host.idle - from.host.idle) / Math.max(1, now.host.all - from.host.all)
      const missedBy = Math.abs(cores / PROBE_CORES - 1)
      const robbed = cores < PROBE_CORES && idleRatio < IDLE_ENOUGH
      const heldBack = now.throttledUs - from.throttledUs > HELD_BACK_MS * 1000
      if (missedBy < best.missedBy)
        best = { missedBy, binds: heldBack && (missedBy <= BINDS_WITHIN || robbed) }
    }
    return best
  } finally {
    await engine.ask('DELETE', `/containers/${id}?force=true&v=true`).catch(() => {})
  }
}

function hostMs(): { readonly idle: number; readonly all: number } {
  const times = cpus().map(({ times }) => times)
  const sum = (of: (one: (typeof times)[number]) => number) => times.reduce((all, one) => all + of(one), 0)
  return {
    idle: sum(({ idle }) => idle),
    all: sum(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq),
  }
}
