import { register } from 'node:module'
import { fileURLToPath } from 'node:url'

const INSTALLATION = fileURLToPath(new URL('../', import.meta.url))
let resolves = false

/** Lets a module outside the installation import from 'doorbuster' without having it installed. */
export function resolveOwnName(path: string): void {
  if (resolves || path.startsWith(INSTALLATION)) return
  resolves = true
  const publicApi = JSON.stringify(new URL('./index.ts', import.meta.url).href)
  const hook = `export const resolve = (name, context, next) => next(name === 'doorbuster' ? ${publicApi} : name, context)`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}
