import { createRequire } from 'node:module'

/** Version of Doorbuster, as in package.json. */
export const VERSION: string = (createRequire(import.meta.url)('../package.json') as { version: string })
  .version
