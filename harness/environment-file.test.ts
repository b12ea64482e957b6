import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadEnvironmentFile } from './environment-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-environment-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const load = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return loadEnvironmentFile(join(folder, name))
}

describe('an environment file', () => {
  it('may not describe both an app to start and a system that is up', async () => {
    const both = "export default { app: { name: 'x' }, target: 'http://localhost:3000' }"
    await expect(load('both.mjs', both)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('"app" and "target" exclude each other'),
    })
  })

  it('that cannot be imported says what is missing, and how to mend it', async () => {
    await expect(load('missing.mjs', "import 'no-such-package-4711'")).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('does not load'),
      hint: expect.stringMatching(/no-such-package-4711|Run it by itself/),
    })
  })
})
