import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { DockerEngine, EngineRefusal } from './docker/engine.ts'
import { imageOf, type Project, projectLabel } from './project.ts'

const POLL_MS = 150
const AT_MOST_MS = 30_000

type Found = {
  readonly containers: readonly string[]
  readonly networks: readonly string[]
  readonly volumes: readonly string[]
}

/**
 * Removes a project's containers, networks, volumes, image and folder: `docker compose down -v`, without needing Compose
 * or its files. It looks again until nothing has appeared for `quietMs`: a Compose that was killed may have asked the
 * engine for something that is still being made. Rejects when the engine keeps something; what is gone is no error.
 */
export async function takeDown(project: Project, quietMs: number): Promise<void> {
  const engine = new DockerEngine(project.socketPath)
  const deadline = performance.now() + AT_MOST_MS
  let quietSince: number | null = null
  for (;;) {
    const found = await find(engine, project)
    const now = performance.now()
    if (found.containers.length + found.networks.length + found.volumes.length === 0) {
      quietSince ??= now
      if (now - quietSince >= quietMs) break
    } else {
      quietSince = null
      if (now > deadline) throw new Error(`Docker still keeps ${JSON.stringify(found)}`)
      await remove(engine, found)
    }
    await sleep(POLL_MS)
  }
  await gone(engine.ask('DELETE', `/images/${imageOf(project)}?force=true`))
  rmSync(project.folder, { recursive: true, force: true, maxRetries: 3 })
}

async function find(engine: DockerEngine, project: Project): Promise<Found> {
  const filters = encodeURIComponent(JSON.stringify({ label: [projectLabel(project)] }))
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    engine.ask<readonly { Id: string }[]>('GET', `/containers/json?all=true&filters=${filters}`),
    engine.ask<readonly { Id: string }[]>('GET', `/networks?filters=${filters}`),
    engine.ask<{ Volumes: readonly { Name: string }[] | null }>('GET', `/volumes?filters=${filters}`),
  ])
  return {
    containers: containers.map(({ Id }) => Id),
    networks: networks.map(({ Id }) => Id),
    volumes: (volumes ?? []).map(({ Name }) => Name),
  }
}

async function remove(engine: DockerEngine, { containers, networks, volumes }: Found): Promise<void> {
  await Promise.all(containers.map((id) => gone(engine.ask('DELETE', `/containers/${id}?force=true&v=true`))))
  await Promise.all([
    ...networks.map((id) => gone(engine.ask('DELETE', `/networks/${id}`))),
    ...volumes.map((name) => gone(engine.ask('DELETE', `/volumes/${name}?force=true`))),
  ])
}

/** Gone already, on its way, or still in use by what is on its way: the next look tells. */
async function gone(asked: Promise<unknown>): Promise<void> {
  await asked.catch((error: unknown) => {
    if (error instanceof EngineRefusal && [403, 404, 409, 500].includes(error.status)) return
    throw error
  })
}
