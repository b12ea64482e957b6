import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HarnessError } from '../../core/errors.ts'
import { processRef } from '../process-tree.ts'
import type { FromKeeper, ToKeeper } from './keeper-process.ts'
import { noteProject, type Project, projectLabel } from './project.ts'
import { takeDown } from './take-down.ts'

/** The harness's end of the line to the keeper of its project. */
export class Keeper {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #project: Project
  readonly #gone: Promise<string | null>
  #down: Promise<void> | null = null
  onSpeed: (speed: number) => void = () => {}

  /** Starts the keeper; from here on the project goes when the harness does. */
  constructor(project: Project) {
    this.#child = spawnKeeper(project.folder)
    this.pid = this.#child.pid ?? 0
    this.#project = { ...project, keeper: processRef(this.pid) }
    noteProject(this.#project)
    this.#gone = new Promise((resolve) => {
      this.#child.on('message', (message: FromKeeper) => {
        if (message.kind === 'speed') this.onSpeed(message.speed)
        else resolve(message.kind === 'gone' ? null : message.message)
      })
      this.#child.once('error', (error) => resolve(error.message))
      this.#child.once('exit', (code, signal) => resolve(`the keeper ended (${signal ?? `code ${code}`})`))
    })
  }

  /** From now on `onSpeed` gets the speed of a core, relative to the one that budgets are in, some five times a second. */
  follow(coreSpeed: number): void {
    this.#tell({ kind: 'follow', coreSpeed })
  }

  /** Takes everything down; resolves when nothing is left. Safe to call twice. */
  down(): Promise<void> {
    this.#down ??= this.#goDown()
    return this.#down
  }

  async #goDown(): Promise<void> {
    this.#tell({ kind: 'down' })
    const wrong = await this.#gone
    if (wrong === null) return
    // The keeper is gone or could not do it: once more, from here.
    await takeDown(this.#project, 0).catch((cause: unknown) => {
      throw new HarnessError({
        code: 'environment',
        message: `not everything could be taken down: ${(cause as Error).message}`,
        where: this.#project.name,
        hint: `docker rm -f -v $(docker ps -aq --filter label=${projectLabel(this.#project)})`,
        cause,
      })
    })
  }

  #tell(message: ToKeeper): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }
}

function spawnKeeper(folder: string): ChildProcess {
  const log = openSync(join(folder, 'logs', 'keeper.log'), 'a')
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const script = fileURLToPath(new URL('keeper-process.ts', import.meta.url))
  try {
    return spawn(process.execPath, ['--import', loader, script, folder], {
      cwd: '/',
      // A session of its own: Ctrl-C in the terminal must not reach it before the harness has decided.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
}
