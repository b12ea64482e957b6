import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadEnvironmentFile } from './environment-file.ts'

it('an environment file that throws with an address in its message does not show its password', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'doorbuster-env-'))
  try {
    const file = join(folder, 'env.mts')
    writeFileSync(file, "throw new Error('cannot connect to postgres://shop:geheim@db:5432/shop')\n")
    await expect(loadEnvironmentFile(file)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('cannot connect to postgres://shop:***@db:5432/shop'),
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
