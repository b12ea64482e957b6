import { type ChildProcess, spawn } from 'node:child_process'
import { HarnessError } from '../../../core/errors.ts'
import type { Docker } from './find-docker.ts'

const TAIL_CHARS = 6000
const TAIL_LINES = 25
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'DOCKER_CONFIG', 'TMPDIR'] as const

/** A project of Compose: its name, its files (later ones go over earlier ones), what they ask of the environment. */
export type ComposeProject = {
  readonly name: string
  readonly files: readonly string[]
  readonly variables: Readonly<Record<string, string>>
}

/** Runs one command of Compose at a time to its end; `signal` kills it. Rejects with its last words. */
export class ComposeRunner {
  readonly #docker: Docker
  readonly #project: ComposeProject
  readonly #children = new Set<ChildProcess>()
  #leaving = false

  constructor(docker: Docker, project: ComposeProject) {
    this.#docker = docker
    this.#project = project
  }

  async run(...args: readonly string[]): Promise<void> {
    if (this.#leaving) throw stopped()
    const [program, ...before] = this.#docker.compose
    const { name, files, variables } = this.#project
    const options = ['-p', name, ...files.flatMap((file) => ['-f', file])]
    const child = spawn(program, [...before, ...options, ...args], {
      env: { ...passedOn(), DOCKER_HOST: `unix://${this.#docker.engine.socketPath}`, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own group: Ctrl-C in the terminal must not reach it before the harness has decided.
      detached: true,
    })
    this.#children.add(child)
    let said = ''
    const listen = (part: Buffer): void => {
      said = (said + part.toString('utf8')).slice(-TAIL_CHARS)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    }).finally(() => this.#children.delete(child))
    if (this.#leaving) throw stopped()
    if (code !== 0) throw failed(args, said)
  }

  /** Ends what runs; nothing is started from then on. */
  stop(): void {
    this.#leaving = true
    for (const child of this.#children) {
      if (child.pid === undefined) continue
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It ended meanwhile.
      }
    }
  }
}

function passedOn(): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => [[name, process.env[name] ?? '']])) as Record<
    string,
    string
  >
}

function stopped(): HarnessError {
  return new HarnessError({ code: 'interrupted', message: 'interrupted while the containers were changed' })
}

function failed(args: readonly string[], said: string): HarnessError {
  const lines = said.split(/\r?\n/).filter((line) => line.trim() !== '')
  return new HarnessError({
    code: 'environment',
    message: `docker compose ${args[0]} failed:\n${lines.slice(-TAIL_LINES).join('\n') || 'it said nothing'}`,
    where: `docker compose ${args.join(' ')}`,
    hint: hintFor(said),
  })
}

function hintFor(said: string): string {
  if (/port is already allocated|address already in use/i.test(said))
    return 'another program took that port in the last moment: run again'
  if (/no space left/i.test(said))
    return 'free some disk space for Docker (docker system df shows what it uses)'
  if (/toomanyrequests|pull access denied|manifest unknown|registry/i.test(said))
    return 'an image could not be fetched: docker pull it by hand to see why'
  return 'the lines above are the words of Compose'
}
