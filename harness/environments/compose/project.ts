import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type ProcessRef, processRef } from '../process-tree.ts'

/** A run's project: its folder, its name (of containers, networks, volumes and the image), and whose it is. */
export type Project = {
  readonly name: string
  readonly folder: string
  readonly socketPath: string
  readonly harness: ProcessRef
  /** The process that takes it down when the harness dies. */
  readonly keeper: ProcessRef | null
}

/** Folders of runs begin with this; the id of the harness's process follows. */
export const FOLDER = /^doorbuster-compose-(\d+)-/

const STATE = 'project.json'

/** Makes the folder of a run and notes in it what has to go at the end. */
export function makeProject(socketPath: string): Project {
  const folder = mkdtempSync(join(tmpdir(), `doorbuster-compose-${process.pid}-`))
  chmodSync(folder, 0o700)
  for (const part of ['image', 'bundles', 'balancer', 'pooler', 'logs'])
    mkdirSync(join(folder, part), { mode: 0o700 })
  const project: Project = {
    // Compose takes small letters and digits only.
    name: basename(folder).replace('doorbuster-compose-', 'doorbuster-').toLowerCase(),
    folder,
    socketPath,
    harness: processRef(process.pid),
    keeper: null,
  }
  noteProject(project)
  return project
}

export function noteProject(project: Project): void {
  writeFileSync(join(project.folder, STATE), JSON.stringify(project), { mode: 0o600 })
}

/** The project whose folder this is; `null`: it says nothing that can be read. */
export function readProject(folder: string): Project | null {
  try {
    const project = JSON.parse(readFileSync(join(folder, STATE), 'utf8')) as Project
    return { ...project, folder }
  } catch {
    return null
  }
}

/** The image a run makes. */
export function imageOf({ name }: Pick<Project, 'name'>): string {
  return `${name}-shop:run`
}

/** Of everything Compose makes for a project, and of what is made beside it. */
export function projectLabel({ name }: Pick<Project, 'name'>): string {
  return `com.docker.compose.project=${name}`
}
