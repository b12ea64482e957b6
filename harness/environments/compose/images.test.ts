import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DEFAULT_TOPOLOGY, type Topology } from '../../core/topology.ts'
import { checkEngine, DockerEngine } from './docker/engine.ts'
import { checkImages, imagesOf, pinnedImages, readPinnedImages } from './images.ts'

const ROOT = join(import.meta.dirname, '../../..')

let folder: string
let server: Server | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engine-'))
})
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)))
  server = null
  rmSync(folder, { recursive: true, force: true })
})

/** An engine that has these images and knows nothing else. */
async function engineWith(images: readonly string[]): Promise<DockerEngine> {
  const path = join(folder, 'docker.sock')
  server = createServer((request, response) => {
    const has = images.some((image) => request.url === `/images/${image}/json`)
    response.writeHead(has ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(has ? { Id: '1' } : { message: 'No such image' }))
  })
  await new Promise<void>((resolve) => server!.listen(path, resolve))
  return new DockerEngine(path)
}

it('reads what docker-compose.yml and the Dockerfile pin', () => {
  const images = readPinnedImages(
    join(ROOT, 'docker-compose.yml'),
    join(ROOT, 'sample-shop/docker/Dockerfile'),
  )
  expect(images.database).toMatch(/^postgres:\d+/)
  expect(images.balancer).toMatch(/^haproxy:\d+/)
  expect(images.pooler).toMatch(/pgbouncer:v\d+/)
  expect(images.cache).toMatch(/^redis:\d+/)
  expect(images.base).toMatch(/^node:\d+/)
})

it('refuses a file that pins nothing', () => {
  expect(() => pinnedImages('services:\n  database:\n    build: .\n', 'FROM node:22\n')).toThrow(
    /no image is pinned/,
  )
})

it('names every image that is missing, and how to get it', async () => {
  const engine = await engineWith(['postgres:18'])
  await expect(checkImages(engine, ['postgres:18', 'haproxy:3.0', 'node:22-slim'])).rejects.toMatchObject({
    code: 'environment',
    message: 'images are missing: haproxy:3.0, node:22-slim',
    hint: 'docker pull haproxy:3.0 && docker pull node:22-slim',
  })
  await expect(checkImages(engine, ['postgres:18', 'postgres:18'])).resolves.toBe(undefined)
})

it('asks for a pooler and a Redis only where the topology has them', () => {
  const images = { database: 'd', balancer: 'b', pooler: 'p', cache: 'c', base: 'n' }
  expect(imagesOf(DEFAULT_TOPOLOGY, images)).toEqual(['d', 'n', 'b'])
  const { balancer, pooler, cache } = DEFAULT_TOPOLOGY
  const other: Topology = {
    ...DEFAULT_TOPOLOGY,
    balancer: { ...balancer, engine: 'none' },
    pooler: { ...pooler, kind: 'pgbouncer' },
    cache: { ...cache, kind: 'redis' },
  }
  expect(imagesOf(other, images)).toEqual(['d', 'n', 'p', 'c'])
})

it('says that no engine answers, where, and what to do', async () => {
  const nobody = join(folder, 'nobody.sock')
  await expect(checkEngine(new DockerEngine(nobody))).rejects.toMatchObject({
    code: 'environment',
    message: expect.stringContaining('Docker does not answer'),
    where: nobody,
    hint: expect.stringContaining('start Docker'),
  })
})
