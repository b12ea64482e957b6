import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOurFolder } from '../is-our-folder.ts'
import { isRunning } from '../process-tree.ts'
import { FOLDER, readProject } from './project.ts'
import { takeDown } from './take-down.ts'

/**
 * Takes down what earlier runs left whose harness and keeper were both killed; gives the projects swept. A folder counts
 * as ours only when this user owns it and nobody else can write to it.
 */
export async function sweepLeftovers(): Promise<readonly string[]> {
  const swept: string[] = []
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name)
    if (!FOLDER.test(name) || !isOurFolder(folder)) continue
    const project = readProject(folder)
    if (!project || isRunning(project.harness) || (project.keeper && isRunning(project.keeper))) continue
    // An engine that is gone for good has nothing left either, but only its owner knows that: the folder stays.
    const done = await takeDown(project, 0).then(
      () => true,
      () => false,
    )
    if (done) swept.push(project.name)
  }
  return swept
}
