import { copyFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { HarnessError } from '../../core/errors.ts'
import type { EnvironmentSpec } from '../../ports.ts'
import { bundle } from '../bundle.ts'
import { createShopDatabase, snapshotData } from '../postgres-data.ts'
import { SEED_BUNDLE } from './overlay.ts'
import { ComposeStand, type StandParts } from './stand.ts'

/** From an empty project to a seeded shop that answers; whatever fails on the way is thrown as it is. */
export async function bringUp(
  { topology, app }: EnvironmentSpec,
  parts: StandParts,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<ComposeStand> {
  const { compose, project, database } = parts
  const stand = new ComposeStand(parts, topology)

  progress('making the shop’s image and starting Postgres')
  await allOrFirstFailure([
    makeImage(parts, app),
    compose.run('up', '-d', '--no-deps', 'database').then(() => stand.databaseReady(signal)),
  ])
  signal.throwIfAborted()
  await createShopDatabase(database)

  if (app.seed) {
    progress('seeding the shop')
    await compose.run('run', '--rm', '--no-deps', '-T', 'seed', 'node', SEED_BUNDLE)
    signal.throwIfAborted()
  }
  progress('taking a snapshot of the seeded data')
  await snapshotData(database)

  const servers = topology.app.instances === 1 ? '1 app server' : `${topology.app.instances} app servers`
  progress(
    `starting ${servers}${topology.balancer.engine === 'none' ? '' : ' and HAProxy'} (${project.name})`,
  )
  await stand.moveTo(topology, signal)
  return stand
}

/** The image copies the app's bundles onto Node.js: nothing is installed while it is made. */
async function makeImage(
  { compose, project, overlay }: StandParts,
  app: EnvironmentSpec['app'],
): Promise<void> {
  if (app.entry === undefined) {
    throw new HarnessError({
      code: 'usage',
      message: `${app.name} has no entry that could be put into an image`,
      where: '--env compose',
      hint: 'use --env embedded for an app that is started by a command of its own',
    })
  }
  const entries = [
    [app.entry, 'app'] as const,
    ...(app.seed?.entry ? [[app.seed.entry, 'seed'] as const] : []),
  ]
  await Promise.all(
    entries.map(async ([entry, name]) => {
      const made = await bundle(resolve(app.cwd, entry), project.folder, name)
      copyFileSync(made, join(overlay.imageFolder, `${name}.mjs`))
    }),
  )
  writeFileSync(join(overlay.imageFolder, 'Dockerfile'), `FROM ${overlay.baseImage}\nCOPY *.mjs /shop/\n`)
  await compose.run('build', 'shop')
}

/** Like `Promise.all`, but a failure waits until the others are through: nobody writes to the folder afterwards. */
async function allOrFirstFailure<const Parts extends readonly Promise<unknown>[]>(parts: Parts) {
  await Promise.allSettled(parts)
  return Promise.all(parts)
}
