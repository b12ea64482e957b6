import { spawnSync } from 'node:child_process'
import { requires, skipFor } from './requires.ts'

/** Docker with Compose, as programs to run; `compose` comes with the arguments before its own. */
export type WithCompose = {
  readonly skip: boolean
  readonly docker: string
  readonly compose: readonly [program: string, ...before: string[]]
}

/** Whether tests that need Docker, Compose and these images must be skipped here. A test pulls none: what is not here is named. */
export function requiresCompose(images: readonly string[]): WithCompose {
  const nothing: WithCompose = { skip: true, docker: '', compose: [''] }
  const docker = requires('docker')
  if (docker.skip) return nothing
  const compose = findCompose(docker.path)
  if (compose === null) {
    skipFor('docker', 'Docker Compose is missing (install docker-compose)')
    return nothing
  }
  const absent = images.filter(
    (image) => spawnSync(docker.path, ['image', 'inspect', image], { stdio: 'ignore' }).status !== 0,
  )
  if (absent.length === 0) return { skip: false, docker: docker.path, compose }
  skipFor('docker', `images are missing (docker pull ${absent.join(' ')})`)
  return nothing
}

/** The plugin of today, or the program of its own that older distributions ship; `null`: neither. */
function findCompose(docker: string): WithCompose['compose'] | null {
  const answers = (program: string, ...args: string[]) =>
    spawnSync(program, [...args, 'version'], { stdio: 'ignore' }).status === 0
  if (answers(docker, 'compose')) return [docker, 'compose']
  return answers('docker-compose') ? ['docker-compose'] : null
}
