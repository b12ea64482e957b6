import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HarnessError } from '../../core/errors.ts'
import type { Topology } from '../../core/topology.ts'
import type { Environment, EnvironmentSpec, Running } from '../../ports.ts'
import { checkRedisIsThere } from '../check-redis.ts'
import { freePort } from '../free-port.ts'
import { checkFit } from '../whether-it-fits.ts'
import { balancerConfig, withHaproxy } from './balancer-config.ts'
import { bringUp } from './bring-up.ts'
import { ComposeBudgets } from './budgets/budgets.ts'
import { findDocker } from './docker/find-docker.ts'
import { ComposeRunner } from './docker/run-compose.ts'
import { checkImages, imagesOf, readPinnedImages } from './images.ts'
import { Keeper } from './keeper.ts'
import { imageOf, makeProject } from './project.ts'
import { runningOf } from './running.ts'
import type { StandParts } from './stand.ts'
import { sweepLeftovers } from './sweep-leftovers.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const COMPOSE_FILE = join(ROOT, 'docker-compose.yml')
const DOCKERFILE = join(ROOT, 'sample-shop/docker/Dockerfile')

/**
 * The sample shop in containers, by docker-compose.yml with the topology laid over it: a project of its own for each run,
 * that goes however the harness ends. DOORBUSTER_BUDGETS=none leaves CPU budgets out.
 */
export function composeEnvironment(): Environment {
  return { up }
}

async function up(
  spec: EnvironmentSpec,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<Running> {
  const never = budgetsForbidden()
  const topology = withHaproxy(spec.topology)
  checkTopology(topology, spec.app.readyPath)
  checkRedisIsThere(spec)
  if (signal.aborted) throw interrupted()
  const docker = await findDocker()
  const images = readPinnedImages(COMPOSE_FILE, DOCKERFILE)
  await checkImages(docker.engine, imagesOf(topology, images))
  await sweepLeftovers()
  const [databasePort, balancerPort] = [await freePort(), await freePort()]
  if (signal.aborted) throw interrupted()

  const project = makeProject(docker.engine.socketPath)
  const keeper = new Keeper(project)
  const password = randomBytes(18).toString('hex')
  const overlayFile = join(project.folder, 'overlay.json')
  const compose = new ComposeRunner(docker, {
    name: project.name,
    files: [COMPOSE_FILE, overlayFile],
    variables: { POSTGRES_PASSWORD: password, SHOP_PORT: String(balancerPort) },
  })
  const balancerFolder = join(project.folder, 'balancer')
  const parts: StandParts = {
    engine: docker.engine,
    compose,
    project,
    images,
    overlayFile,
    overlay: {
      app: spec.app,
      image: imageOf(project),
      imageFolder: join(project.folder, 'image'),
      baseImage: images.base,
      balancerFolder,
      poolerFolder: join(project.folder, 'pooler'),
      databasePort,
      user: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
    },
    app: spec.app,
    database: { port: databasePort, password },
    balancerPort,
  }
  let gone: Promise<void> | null = null
  const down = (): Promise<void> => {
    compose.stop()
    gone ??= keeper.down()
    return gone
  }
  // An abort ends what Compose does at once; whoever waits for it is told.
  signal.addEventListener('abort', compose.stop.bind(compose))
  const bringing = bringUp({ ...spec, topology }, parts, progress, signal)
  try {
    const stand = await bringing
    const budgets = new ComposeBudgets({
      engine: docker.engine,
      project,
      keeper,
      clock: spec.clock,
      coreSpeed: spec.coreSpeed,
      never,
    })
    budgets.put(stand.containers, topology)
    return runningOf(
      { ...spec, topology },
      { engine: docker.engine, project, stand, budgets, database: parts.database, balancerFolder, down },
    )
  } catch (error) {
    await down()
    throw signal.aborted ? interrupted() : error
  }
}

function checkTopology(topology: Topology, readyPath: string): void {
  // HAProxy's part is made once for nothing: what it does not have is said before anything is started.
  if (topology.balancer.engine !== 'none') balancerConfig(topology.balancer, [], readyPath)
  checkFit(topology)
}

function budgetsForbidden(): boolean {
  const forced = process.env['DOORBUSTER_BUDGETS']
  if (forced === undefined || forced === 'docker') return false
  if (forced === 'none') return true
  throw new HarnessError({
    code: 'usage',
    message: `DOORBUSTER_BUDGETS=${forced} cannot be enforced on containers`,
    where: 'environment variable DOORBUSTER_BUDGETS',
    hint: 'use docker or none, or leave it out',
  })
}

function interrupted(): HarnessError {
  return new HarnessError({ code: 'interrupted', message: 'interrupted while the containers came up' })
}
