import { readFileSync } from 'node:fs'
import { HarnessError } from '../../core/errors.ts'
import type { Topology } from '../../core/topology.ts'
import { type DockerEngine, EngineRefusal } from './docker/engine.ts'

/** The images of rehearsals, as docker-compose.yml and the shop's Dockerfile pin them. */
export type Images = Readonly<Record<'database' | 'balancer' | 'pooler' | 'cache' | 'base', string>>

/** Those that a topology takes. */
export function imagesOf({ balancer, pooler, cache }: Topology, images: Images): readonly string[] {
  return [
    images.database,
    images.base,
    ...(balancer.engine === 'none' ? [] : [images.balancer]),
    ...(pooler.kind === 'none' ? [] : [images.pooler]),
    ...(cache.kind === 'none' ? [] : [images.cache]),
  ]
}

/** Reads the pins from the text of docker-compose.yml and of the Dockerfile; throws when one is not there. */
export function pinnedImages(composeText: string, dockerfileText: string): Images {
  const imageOf = (service: string): string => {
    const block = new RegExp(`^ {2}${service}:\\n((?: {4}.*\\n|\\s*\\n)+)`, 'm').exec(composeText)?.[1] ?? ''
    return found(/^ {4}image: (\S+)/m.exec(block)?.[1], `services.${service}.image of docker-compose.yml`)
  }
  return {
    database: imageOf('database'),
    balancer: imageOf('balancer'),
    pooler: imageOf('pooler'),
    cache: imageOf('cache'),
    base: found(/^FROM (\S+)/m.exec(dockerfileText)?.[1], 'FROM of the Dockerfile'),
  }
}

export function readPinnedImages(composeFile: string, dockerfile: string): Images {
  return pinnedImages(readFileSync(composeFile, 'utf8'), readFileSync(dockerfile, 'utf8'))
}

/** Rejects with the `docker pull` for images that are not here: what a rehearsal measures is not fetched in passing. */
export async function checkImages(engine: DockerEngine, images: readonly string[]): Promise<void> {
  const here = async (image: string): Promise<boolean> => {
    try {
      await engine.ask('GET', `/images/${image}/json`)
      return true
    } catch (error) {
      if (error instanceof EngineRefusal && error.status === 404) return false
      throw error
    }
  }
  const all = [...new Set(images)]
  const present = await Promise.all(all.map(here))
  const missing = all.filter((_, index) => !present[index])
  if (missing.length === 0) return
  throw new HarnessError({
    code: 'environment',
    message: `${missing.length === 1 ? 'an image is' : 'images are'} missing: ${missing.join(', ')}`,
    where: `Docker at ${engine.socketPath}`,
    hint: missing.map((image) => `docker pull ${image}`).join(' && '),
  })
}

function found(image: string | undefined, where: string): string {
  if (image !== undefined) return image
  throw new HarnessError({ code: 'bug', message: 'no image is pinned', where })
}
