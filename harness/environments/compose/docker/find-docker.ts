import { execFileSync, spawnSync } from 'node:child_process'
import { HarnessError } from '../../../core/errors.ts'
import { checkEngine, DockerEngine } from './engine.ts'

const DEFAULT_SOCKET = '/var/run/docker.sock'
const UNIX = /^unix:\/\/(.+)$/

export type Docker = {
  readonly engine: DockerEngine
  /** Compose as a program and the arguments before its own: the plugin of today, or the program older systems ship. */
  readonly compose: readonly [program: string, ...before: string[]]
}

/** Finds an engine that answers and Compose; rejects with an `environment` HarnessError that says what is missing. */
export async function findDocker(): Promise<Docker> {
  const engine = new DockerEngine(socketOf(hostOf()))
  await checkEngine(engine)
  const compose = findCompose()
  if (compose) return { engine, compose }
  throw new HarnessError({
    code: 'environment',
    message: 'Docker Compose is missing: neither "docker compose" nor "docker-compose" answers',
    where: 'PATH',
    hint: 'install the plugin docker-compose-plugin, or the program docker-compose (1.29 or newer)',
  })
}

function findCompose(): Docker['compose'] | null {
  const answers = (program: string, ...args: string[]) =>
    spawnSync(program, [...args, 'version'], { stdio: 'ignore', timeout: 10_000 }).status === 0
  if (answers('docker', 'compose')) return ['docker', 'compose']
  return answers('docker-compose') ? ['docker-compose'] : null
}

/** As the docker program finds it: DOCKER_HOST, then the context in use, then the usual place. */
function hostOf(): string {
  const named = process.env['DOCKER_HOST']
  if (named) return named
  try {
    const inspect = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']
    const host = execFileSync('docker', inspect, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return host.trim() || `unix://${DEFAULT_SOCKET}`
  } catch {
    return `unix://${DEFAULT_SOCKET}`
  }
}

/** Load goes to loopback only, and CPU is read from this machine's kernel: the engine must be this machine's. */
function socketOf(host: string): string {
  const path = UNIX.exec(host)?.[1]
  if (path !== undefined) return path
  throw new HarnessError({
    code: 'environment',
    message: `Docker's engine must be on this machine, this one is at ${host}`,
    where: 'DOCKER_HOST, or the context docker uses',
    hint: 'use an engine with a socket of this machine: DOCKER_HOST=unix:///var/run/docker.sock',
  })
}
